"""The option ``asynchronous`` of a version: how an asynchronous endpoint is asked."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from app.backends.base import BackendOptions

S3Prefix = Annotated[
    str,
    StringConstraints(max_length=900, pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[!-.0-~][!-~]*)?$"),
]
OF_ONE_CALL = (
    *("target_model", "target_variant", "inference_component", "target_container_hostname"),
    *("batch_delay_ms", "explainer"),
)
"""What InvokeEndpointAsync cannot say, or what needs an answer at once."""


class Asynchronous(BaseModel):
    """For an endpoint whose configuration has an AsyncInferenceConfig, with an S3FailurePath."""

    model_config = BackendOptions.model_config

    input_location: S3Prefix | None = None
    """Where rows go that take more than 128,000 bytes, as s3://bucket/prefix; without one they are refused.
    Nothing is deleted there: give it a lifecycle rule."""
    invocation_timeout: Annotated[int, Field(ge=1, le=3600)] = 900
    """Seconds that the model may take for a row, InvocationTimeoutSeconds."""
    request_ttl: Annotated[int, Field(ge=60, le=21_600)] = 21_600
    """Seconds that a row may wait for the model before, RequestTTLSeconds."""
