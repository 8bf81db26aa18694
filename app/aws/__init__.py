"""boto3 clients, and what their calls may raise."""

from app.aws.answers import understood
from app.aws.clients import (
    CALL_ERRORS,
    UNREACHABLE,
    CallError,
    ca_bundle,
    call_config,
    credentials,
    error_code,
    error_status,
    s3_client,
    sagemaker_client,
    sagemaker_runtime_client,
    session,
    signed_invocation,
    told,
)
from app.aws.roles import Role

__all__ = [
    "CALL_ERRORS",
    "UNREACHABLE",
    "CallError",
    "Role",
    "ca_bundle",
    "call_config",
    "credentials",
    "error_code",
    "error_status",
    "s3_client",
    "sagemaker_client",
    "sagemaker_runtime_client",
    "session",
    "signed_invocation",
    "told",
    "understood",
]
