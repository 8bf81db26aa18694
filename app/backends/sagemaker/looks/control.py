"""What SageMaker's control plane says of an endpoint and its parts. Blocking; raises what boto3 raises."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import structlog
from botocore.exceptions import ClientError

from app.aws import Role, call_config, error_code, s3_client, sagemaker_client
from app.backends.sagemaker.role_errors import is_about_the_role

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import (
        DescribeEndpointConfigOutputTypeDef,
        DescribeEndpointOutputTypeDef,
        DescribeInferenceComponentOutputTypeDef,
        DescribeModelOutputTypeDef,
    )

log = structlog.get_logger(__name__)
T = TypeVar("T")

CONFIG = call_config(attempts=2, connect_timeout=5, read_timeout=10)
CANNOT_SAY = {"AccessDenied", "AccessDeniedException", "403", "404", "UnknownOperationException"}
"""Codes of a missing permission (HEAD has no body, so its code is the status), and of a stand-in without a
control plane or without S3."""

_logged: set[tuple[str, str, str]] = set()


class ControlCalls:
    """Answers about what ``what`` runs. None where we may not ask or nobody could say, logged once."""

    def __init__(self, region: str | None, what: str, role: Role | None = None) -> None:
        self._region, self.what, self._role = region, what, role

    def endpoint(self, name: str) -> "DescribeEndpointOutputTypeDef | None":
        return self.ask(lambda: self._client.describe_endpoint(EndpointName=name))

    def config(self, name: str) -> "DescribeEndpointConfigOutputTypeDef | None":
        """None also where it is gone: an endpoint may outlive its configuration."""
        return self.ask(
            lambda: self._client.describe_endpoint_config(EndpointConfigName=name), may_be_gone=True
        )

    def model(self, name: str) -> "DescribeModelOutputTypeDef | None":
        """None also where it is gone: an endpoint may outlive its model."""
        return self.ask(lambda: self._client.describe_model(ModelName=name), may_be_gone=True)

    def component(self, name: str) -> "DescribeInferenceComponentOutputTypeDef | None":
        return self.ask(lambda: self._client.describe_inference_component(InferenceComponentName=name))

    @property
    def s3(self) -> "S3Client":
        """S3 where the endpoint's artifacts are."""
        return s3_client(CONFIG, region=self._region, role=self._role)

    def ask(self, call: Callable[[], T], *, may_be_gone: bool = False) -> T | None:
        """The answer. What is not there is an error, unless it may be gone."""
        try:
            return call()
        except ClientError as error:
            if may_be_gone and _could_not_find(error):
                return None
            if error_code(error) not in CANNOT_SAY or is_about_the_role(error):
                raise
            self._log_once(error.operation_name)
            return None

    def _log_once(self, operation: str) -> None:
        entry = (self._client.meta.endpoint_url, self.what, operation)
        if entry not in _logged:
            _logged.add(entry)
            log.warning("revision_not_available", target=self.what, operation=operation)

    @property
    def _client(self) -> "SageMakerClient":
        return sagemaker_client(CONFIG, region=self._region, role=self._role)


def _could_not_find(error: ClientError) -> bool:
    said = error.response.get("Error", {}).get("Message") or ""
    return error_code(error).startswith("Validation") and said.lower().startswith("could not find")
