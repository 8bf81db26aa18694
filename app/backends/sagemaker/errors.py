"""What SageMaker and botocore can raise, as this service's errors.

The codes are those of botocore's model of InvokeEndpoint and AWS's page of common errors; the original
status inside a ModelError is the container's. The vendor's messages name accounts, log streams and paths:
they are logged, never passed on.
"""

import structlog
from botocore import exceptions as aws
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from app.aws import UNREACHABLE, CallError, error_code, error_status, told
from app.backends.base import missing
from app.backends.sagemaker.refusals import absent_option, says_no_artifact, says_no_capacity, says_too_large
from app.backends.sagemaker.role_errors import is_about_the_role, role_error
from app.backends.wire.servers import says_not_ready
from app.core.errors import (
    BackendCrashed,
    BackendDown,
    BackendError,
    BackendRefused,
    BackendRejected,
    BackendThrottled,
    BackendTimeout,
)
from app.core.logging.quoting import Quoted

log = structlog.get_logger(__name__)

LOADING_RETRY_AFTER = 2.0
"""Seconds until the next look at a multi-model endpoint that loads the model; AWS gives no hint."""

SCALING_RETRY_AFTER = 5.0
"""Seconds until the next look at an inference component without a copy: making one takes minutes."""

_TOO_LARGE = "The rows are too large for one call."
_DENIED = "The credentials of this service may not do this, are wrong or have expired."

CODES: dict[str, tuple[type[BackendError], str]] = {
    "ModelNotReadyException": (BackendThrottled, "The model is being loaded."),
    **dict.fromkeys(("InternalFailure", "InternalServerError"), (BackendDown, "SageMaker failed.")),
    "InternalDependencyException": (BackendDown, "Something SageMaker depends on failed."),
    **dict.fromkeys(
        ("ServiceUnavailable", "ServiceUnavailableException"), (BackendDown, "SageMaker is unavailable.")
    ),
    **dict.fromkeys(
        (
            *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled"),
            *("RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded"),
            *("BandwidthLimitExceeded", "LimitExceededException", "SlowDown"),
        ),
        (BackendThrottled, "SageMaker throttles the calls."),
    ),
    **dict.fromkeys(
        (
            *("AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired"),
            *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidAccessKeyId"),
            *("UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException"),
            *("SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException"),
            *("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
        ),
        (BackendRefused, _DENIED),
    ),
    **dict.fromkeys(
        ("ValidationError", "ValidationException"),
        (BackendRefused, "The endpoint does not exist, or does not fit these options."),
    ),
}
"""Error codes of the platform. A code that is not here is told by its HTTP status."""

_Vendor = type[Exception] | tuple[type[Exception], ...]
EXCEPTIONS: tuple[tuple[_Vendor, type[BackendError], str], ...] = (
    # A call whose answer did not come may have run: it is never made again.
    (aws.ReadTimeoutError, BackendTimeout, "No answer came in time."),
    (aws.SSLError, BackendRefused, "The TLS connection failed (certificate or protocol)."),
    (aws.ConnectTimeoutError, BackendDown, "The connection could not be made in time."),
    (aws.ProxyConnectionError, BackendDown, "The proxy could not be reached."),
    (aws.EndpointConnectionError, BackendDown, "The platform could not be reached."),
    (aws.ConnectionClosedError, BackendDown, "The connection was closed before an answer came."),
    ((aws.ResponseStreamingError, aws.IncompleteReadError), BackendDown, "The answer was cut off."),
    (UNREACHABLE, BackendDown, "The connection failed."),
    (ResponseParserError, BackendDown, "The platform answered something that is no AWS answer."),
    (
        (aws.NoCredentialsError, aws.NoAuthTokenError),
        BackendRefused,
        "This service has no AWS credentials.",
    ),
    (aws.PartialCredentialsError, BackendRefused, "The AWS credentials of this service are incomplete."),
    (
        (
            *(aws.CredentialRetrievalError, aws.MetadataRetrievalError, aws.TokenRetrievalError),
            *(aws.SSOError, aws.LoginError, aws.RefreshWithMFAUnsupportedError),
            *(aws.MissingDependencyException, aws.UnknownCredentialError),
        ),
        BackendRefused,
        "The AWS credentials of this service could not be fetched or renewed.",
    ),
    (
        (
            *(aws.ProfileNotFound, aws.ConfigParseError, aws.ConfigNotFound, aws.InvalidConfigError),
            *(aws.InvalidIMDSEndpointError, aws.InvalidIMDSEndpointModeError, aws.InvalidDefaultsMode),
            *(aws.InvalidProxiesConfigError, aws.InvalidRetryConfigurationError),
            *(aws.UnknownSignatureVersionError, aws.UnsupportedSignatureVersionError),
            *(aws.UnknownTokenProviderError, aws.InvalidChecksumConfigError),
        ),
        BackendRefused,
        "The AWS configuration of this service is not valid.",
    ),
    (
        (aws.BaseEndpointResolverError, aws.UnknownRegionError, aws.InvalidRegionError),
        BackendRefused,
        "No AWS region is set, or it is not known.",
    ),
    (
        (
            *(aws.EndpointProviderError, aws.InvalidEndpointConfigurationError, aws.InvalidHostLabelError),
            *(aws.ParamValidationError, aws.ValidationError, aws.ServiceNotInRegionError),
        ),
        BackendRefused,
        "The options do not make a valid call.",
    ),
)
"""Failures on this side of the wire; the first that fits counts. Any other is a plain BackendError."""

# Container statuses that no other choice of rows would change: the request itself, or its media types.
_REQUEST_STATUSES = {401, 403, 404, 405, 406, 415}


def translate(error: CallError, what: str) -> BackendError:
    """The error of ours that says what happened to ``what`` (an endpoint, with its target model)."""
    if isinstance(error, ClientError):
        log.warning("aws_call_refused", target=what, **told(error))
    else:
        log.warning("aws_call_failed", target=what, error=Quoted(str(error)), kind=type(error).__name__)
    return in_our_words(error, what)


def in_our_words(error: CallError, what: str) -> BackendError:
    """The same without a line in the log, for callers who ask again and again."""
    if not isinstance(error, ClientError):
        for vendor, ours, detail in EXCEPTIONS:
            if isinstance(error, vendor):
                return ours(f"{what}: {detail}")
        return BackendError(f"{what}: the call could not be made.")
    code, status = error_code(error), error_status(error)
    if is_about_the_role(error):
        return role_error(code, *(CODES.get(code) or _by_status(status)), what)
    if code == "ModelError":
        return _model_error(error, what)
    if says_no_capacity(error):
        said = f"{what}: The inference component has no copy to answer, or none yet."
        return BackendThrottled(said, retry_after=SCALING_RETRY_AFTER)
    if says_too_large(error):
        return BackendRejected(f"{what}: {_TOO_LARGE}")
    if option := absent_option(error):
        return missing(what, option, "SageMaker has none of this name in this account and region")
    if says_no_artifact(error):
        return BackendRefused(f"{what}: The artifact is not there, or the endpoint's role may not read it.")
    kind, detail = CODES.get(code) or _by_status(status)
    hint = _hint(what) if code.startswith("Validation") else ""
    return kind(f"{what}, status {status}: {detail}{hint}", retry_after=_retry_after(error, code))


def _by_status(status: int) -> tuple[type[BackendError], str]:
    if status == 429:
        return BackendThrottled, "SageMaker throttles the calls."
    if status == 413:
        return BackendRejected, _TOO_LARGE
    if status in (401, 403):
        return BackendRefused, _DENIED
    if status in (406, 415):
        return BackendRefused, "The content_type or accept of the options is not taken."
    if status >= 500:
        return BackendDown, "SageMaker failed."
    return BackendRefused, "SageMaker refused the call."


def _hint(what: str) -> str:
    if "target model" in what:
        return " Is it a multi-model endpoint, and is the target model's key under its prefix?"
    return " A multi-model endpoint needs target_model, one with inference components inference_component."


def _retry_after(error: ClientError, code: str) -> float | None:
    """Seconds the platform asks for, if it does."""
    text = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", "")
    if text.replace(".", "", 1).isdecimal() and len(text) < 9:  # more is no time to wait
        return float(text)
    return LOADING_RETRY_AFTER if code == "ModelNotReadyException" else None


def _model_error(error: ClientError, what: str) -> BackendError:
    """The container's own failure, by its status; 0 is SageMaker's word for no answer from it.

    500 is what the serving toolkits answer whenever the model's code raises, an odd value included: whether
    the rows are at fault, the fate of others beside them tells.
    """
    if says_not_ready(str(error.response.get("OriginalMessage"))):
        return BackendThrottled(f"{what}: The model is not ready.", retry_after=LOADING_RETRY_AFTER)
    original = error.response.get("OriginalStatusCode")
    status = original if isinstance(original, int) else 0
    said = f"{what}: The model answered with status {status}"
    if status in (408, 504) or (status == 0 and "timed out" in str(error)):
        return BackendTimeout(f"{what}: The model did not answer within the platform's time limit.")
    if status in (406, 415):
        return BackendRefused(f"{said}: it does not take the content_type or accept of the options.")
    if status in _REQUEST_STATUSES:
        return BackendRefused(f"{said}: it does not take such calls.")
    if status == 429:
        return BackendThrottled(f"{said}: it is busy.", retry_after=_retry_after(error, ""))
    if 400 <= status < 500:
        return BackendRejected(f"{said}: it refused the rows.")
    if status in (500, 501):
        return BackendCrashed(f"{said}: it failed on the rows.")
    return BackendDown(f"{said}: its container is failing.")
