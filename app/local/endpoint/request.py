"""An InvokeEndpoint request: its headers checked as SageMaker checks them, its body bounded."""

from collections.abc import Mapping

from starlette.requests import Request

from app.local.endpoint.config import Endpoint
from app.local.endpoint.errors import validation_error

HEADER = "x-amzn-sagemaker-"

# Headers of kinds of endpoint that this one is not; ignoring them would answer from another model.
UNSUPPORTED = {
    "target-container-hostname": "a multi-container endpoint",
    "inference-component": "an endpoint with inference components",
    "enable-explanations": "an endpoint with an explainer",
    "session-id": "an endpoint with stateful sessions",
}
LONGEST = {"inference-id": 64, "custom-attributes": 1024, "target-model": 1024}
"""Characters, from the InvokeEndpoint reference."""


def headers_of(request: Request) -> Mapping[str, str]:
    """All headers, names in lower case. boto3 sends UTF-8, which Starlette reads as Latin-1."""
    return {name.decode(): value.decode("utf-8", "replace") for name, value in request.headers.raw}


def check_headers(headers: Mapping[str, str], endpoint: Endpoint, request_id: str) -> None:
    """Raise ValidationError for what the endpoint does not serve."""
    for header, kind in UNSUPPORTED.items():
        if header == "enable-explanations" and endpoint.explainer:
            continue
        if HEADER + header in headers:
            header = header.replace("-", " ")
            raise validation_error(
                f"Endpoint {endpoint.name} is not {kind} and does not support {header} header."
            )
    for header, longest in LONGEST.items():
        if len(headers.get(HEADER + header, "")) > longest:
            raise _constraint(header, longest)
    variant = headers.get(HEADER + "target-variant", endpoint.variant)
    if variant != endpoint.variant:
        raise validation_error(f"Variant {variant} not found for endpoint {endpoint.name}.")
    _check_target(HEADER + "target-model" in headers, endpoint, request_id)


def _check_target(given: bool, endpoint: Endpoint, request_id: str) -> None:
    if endpoint.multi_model and not given:
        raise validation_error(f"Request {request_id} is missing a target model header.")
    if given and not endpoint.multi_model:
        raise validation_error(
            f"Endpoint {endpoint.name} is not a multi-model endpoint and "
            "does not support target model header."
        )


async def bounded_body(request: Request, longest: int) -> bytes:
    """The body. One that is too long is read to its end all the same, so that the client hears why."""
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= longest:
            body += chunk
    if size > longest:
        raise _constraint("body", longest)
    return bytes(body)


def _constraint(member: str, longest: int) -> Exception:
    return validation_error(
        f"1 validation error detected: Value at '{member}' failed to satisfy constraint: "
        f"Member must have length less than or equal to {longest}"
    )
