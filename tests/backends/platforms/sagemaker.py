"""SageMaker's runtime: what is special to it is in test_sagemaker*.py."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import JsonValue

from app.core.errors import BackendCrashed, BackendDown, BackendRefused
from tests.backends.platforms import SECRET, OwnError
from tests.support.aws_stub import aws_environment, control_error, error, model_error, reply
from tests.support.http_stub import Answer, Request


class SageMaker:
    address: ClassVar = "endpoint_url"
    named: ClassVar = "endpoint_name"
    https_only: ClassVar = False
    renews: ClassVar = False
    secrets: ClassVar = ("example-secret",)
    revision: ClassVar = None
    deployed: ClassVar = None  # it may not be asked, see `other`

    def options(self, url: str, folder: Path) -> dict[str, JsonValue]:
        return {"endpoint_name": "churn", "content_type": "application/json", "endpoint_url": url}

    def environment(self, url: str, folder: Path) -> Mapping[str, str]:
        return aws_environment(url) | {"AWS_SECRET_ACCESS_KEY": self.secrets[0]}

    def other(self, request: Request) -> Answer | None:
        if request.path == "/":
            return error("AccessDeniedException", 403)  # DescribeEndpoint
        return None

    def rows(self, request: Request) -> Sequence[Sequence[JsonValue]]:
        assert (request.method, request.path) == ("POST", "/endpoints/churn/invocations")
        rows = request.json
        assert isinstance(rows, list)
        return [row for row in rows if isinstance(row, list)]

    def reply(self, outputs: Sequence[JsonValue]) -> Answer:
        return reply(list(outputs))

    def unknown(self, request: Request) -> Answer | None:
        if request.path == "/":
            return control_error("ValidationException", f'Could not find endpoint "{SECRET}".')
        return error("ValidationError", 400, f"Endpoint churn of account {SECRET} not found.")

    def throttled(self) -> Answer:
        return error("ThrottlingException", 400, retry_after="7")

    def unauthorised(self) -> Answer:
        return error("ExpiredTokenException", 403)

    def own_errors(self) -> Mapping[str, OwnError]:
        return {
            "options that do not fit": OwnError(error("ValidationError", 400, SECRET), BackendRefused),
            "a model that raises": OwnError(model_error(500, SECRET), BackendCrashed),
            "a container that is down": OwnError(model_error(503, SECRET), BackendDown),
        }


PLATFORM = SageMaker()
