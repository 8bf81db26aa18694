"""An InvokeEndpoint request: its headers checked as SageMaker checks them, its body bounded."""

from collections.abc import Mapping

from starlette.requests import Request

from app.local.endpoint.errors import validation_error

HEADER = "x-amzn-sagemaker-"

# Headers of kinds of endpoint that this one is not; ignoring them would answer from another model.
UNSUPPORTED = {
    "enable-explanations": "an endpoint with an explainer",
    "session-id": "an endpoint with stateful sessions",
}
LONGEST = {"inference-id": 64, "custom-attributes": 1024, "target-model": 1024}
"""Characters, from the InvokeEndpoint reference."""


def headers_of(request: Request) -> Mapping[str, str]:
    """All headers, names in lower case. boto3 sends UTF-8, which Starlette reads as Latin-1."""
    return {name.decode(): value.decode("utf-8", "replace") for name, value in request.headers.raw}


def check_headers(headers: Mapping[str, str], endpoint: str) -> None:
    """Raise ValidationError for what no endpoint here serves, and for what is too long."""
    for header, kind in UNSUPPORTED.items():
        if HEADER + header in headers:
            raise not_this_kind(endpoint, kind, header)
    for header, longest in LONGEST.items():
        if len(headers.get(HEADER + header, "")) > longest:
            raise _constraint(header, longest)


def check_target_model(
    headers: Mapping[str, str], endpoint: str, request_id: str, *, multi_model: bool
) -> None:
    """Raise ValidationError where a target model is missing, or named where there is no choice of them."""
    given = HEADER + "target-model" in headers
    if multi_model and not given:
        raise validation_error(f"Request {request_id} is missing a target model header.")
    if given and not multi_model:
        raise not_this_kind(endpoint, "a multi-model endpoint", "target-model")


def not_this_kind(endpoint: str, kind: str, header: str) -> Exception:
    """The refusal of a header that other kinds of endpoint take."""
    said = header.replace("-", " ")
    return validation_error(f"Endpoint {endpoint} is not {kind} and does not support {said} header.")


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
