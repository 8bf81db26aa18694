"""What is told where the role could not be assumed that a version's calls are made with."""

from botocore.exceptions import ClientError

from app.aws import CallError
from app.backends.base import missing
from app.core.errors import BackendError, BackendRefused

ASSUMING = "AssumeRole"
"""STS's operation, which comes before a call with a role's credentials."""
NOT_ASSUMED = {"AccessDenied", "AccessDeniedException", "ValidationError"}
"""Its codes where this service may not assume this role."""
REFUSED = (
    "AWS does not let this service assume the role: there is none of this ARN, its trust policy does not name"
    " the service or asks for another external_id, or the service's own policy does not allow sts:AssumeRole"
)


def is_about_the_role(error: CallError) -> bool:
    """Whether the call itself was not made, since the role for it could not be assumed."""
    return isinstance(error, ClientError) and error.operation_name == ASSUMING


def role_error(code: str, kind: type[BackendError], detail: str, what: str) -> BackendError:
    """``kind`` and ``detail`` are what the code means of any call."""
    if code in NOT_ASSUMED:
        return missing(what, "role_arn", REFUSED)
    if kind is BackendRefused:
        return BackendRefused(f"{what}: {detail} It could not assume the role of role_arn.")
    return kind(f"{what}: The role of role_arn could not be assumed now: STS failed, or throttles the calls.")
