"""SageMaker's failures, and how they look on the wire."""

from collections.abc import Mapping

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

ACCOUNT = "000000000000"
REGION = "us-east-1"


class EndpointError(Exception):
    """An AWS error: HTTP status, code, message, and further members of its shape."""

    def __init__(
        self, status: int, code: str, message: str | None, members: Mapping[str, JsonValue] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.members = members or {}

    @property
    def is_models_own(self) -> bool:
        """Whether a model failed, rather than refused what it was asked."""
        status = self.members.get("OriginalStatusCode")
        return isinstance(status, int) and not 400 <= status < 500


class ModelFailed(Exception):
    """A model that could not be loaded: the container's status, and a message for the artifact's author."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def validation_error(message: str) -> EndpointError:
    """The runtime's refusal of a request (the control plane's is called ValidationException)."""
    return EndpointError(400, "ValidationError", message)


def model_error(endpoint: str, status: int, answer: str, container: str = "primary") -> EndpointError:
    """The container answered ``status``, or 0 for no answer in time; worded as SageMaker words it."""
    side = "client" if 400 <= status < 500 else "server"
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    message = (
        f'Received {side} error ({status}) from {container} with message "{answer}". See {group} in account'
    )
    return EndpointError(
        424,
        "ModelError",
        f"{message} {ACCOUNT} for more information.",
        {
            "OriginalStatusCode": status,
            "OriginalMessage": answer,
            "LogStreamArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}",
        },
    )


async def error_response(_: Request, error: Exception) -> Response:
    """Clients of the runtime read the header and ``Message``, those of the control plane ``__type``."""
    assert isinstance(error, EndpointError)
    body = {"__type": error.code, "Message": error.message, **error.members}
    return JSONResponse(body, error.status, {"x-amzn-ErrorType": error.code})
