"""Every failure the service answers with.

AppError
|- InvalidInput        422  the caller's data; names the field and what would be right
|- BadRequest          400  a header asks for what no request here can mean; names it
|- NotFound            404
|- MethodNotAllowed    405  the path exists, and takes other methods
|- RequestTimeout      408  what the caller sends does not come
|- Conflict            409
|- Unauthorized        401  no key, or none that is valid here; with WWW-Authenticate
|- Forbidden           403  the key may not do this, or the web page; says what it lacks
|- TooManyRequests     429  with Retry-After: the key's requests per second are used up
|- BudgetSpent         429  with Retry-After: the key's inferences of today are; what is cached is answered
|- PreconditionFailed  412  If-Match did not hold
|- TooLarge            413
|  `- HeadTooLarge     431  the request's line and headers
|- UnsupportedMediaType 415 the body's media type, charset or coding; names the header
|- UserCodeError       500  preprocess or postprocess raised; names the stage
|- Unavailable         503  a part of ours is missing (database, draining)
|- Overloaded          503  with Retry-After: more predictions are under way than may wait; worth another try
|- Misconfigured       500  settings or registry; raised at start-up and registration
|- StorageError        502  the storage refused us: credentials, bucket, configuration
|  |- StorageCredentials 502 because of its own credentials: it would refuse every other call, too
|  `- StorageDown      503  the storage is failing or cannot be reached; worth another try
`- BackendError        502  the hosting platform
   |- BackendTimeout   504
   |  `- NotInTime     504  our own deadline came before the rows were sent, or the answer; worth another try
   |- BackendThrottled 503  with Retry-After
   |- BackendDown      502  the platform's own 5xx, connection lost; worth another try
   |  `- BackendAway   503  it failed so often in a row that it is not called for a moment; with Retry-After
   |- BackendRejected  502  the platform or the model refused these rows
   |  `- BackendCrashed 502 it failed on them: the rows are bad, or it is
   |- BackendRefused   502  the platform refused us: credentials, permissions, wrong options
   |  `- BackendMissing 502 what an option names does not exist there, as the platform says; names the option
   `- BadOutput        502  the model answered something that cannot be a prediction
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with the caller's data: where it is, and what would be right."""

    field: str
    message: str


NO_HEADERS: Mapping[str, str] = {}
FAULTS_IN_WORDS = 3
MAX_FAULTS = 100
"""Faults that one error lists."""


class AppError(Exception):
    """A failure with an HTTP meaning.

    ``detail`` is shown to callers, so it never holds secrets, paths or stack traces.
    ``retry_after`` is in seconds; ``headers`` tell a caller by HTTP what would be taken.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        if len(errors) > MAX_FAULTS:
            detail = f"{detail} Only the first {MAX_FAULTS} faults are listed."
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors[:MAX_FAULTS])
        self.retry_after = retry_after
        self.headers = headers

    @property
    def in_words(self) -> str:
        """The detail and the first faults, for where one text is kept of it."""
        told = [f"{fault.field}: {fault.message}" for fault in self.errors[:FAULTS_IN_WORDS]]
        more = len(self.errors) - len(told)
        told += [f"and {more} more"] if more else []
        return f"{self.detail} {'; '.join(told)}." if told else self.detail

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """The same failure, for a caller that is to be told these, too."""
        more = {**self.headers, **headers}
        return type(self)(self.detail, errors=self.errors, retry_after=self.retry_after, headers=more)

    def after(self, what: str) -> Self:
        """The same failure, with what it came of said before its detail."""
        return type(self)(f"{what} {self.detail}", errors=self.errors, retry_after=self.retry_after)


class InvalidInput(AppError):
    status, slug, title = 422, "invalid-input", "Invalid input"


class BadRequest(AppError):
    status, slug, title = 400, "bad-request", "Bad request"


class Unauthorized(AppError):
    status, slug, title = 401, "unauthorized", "Not authorised"


class Forbidden(AppError):
    status, slug, title = 403, "forbidden", "Not allowed"


class TooManyRequests(AppError):
    status, slug, title = 429, "too-many-requests", "Too many requests"


class BudgetSpent(AppError):
    status, slug, title = 429, "budget-spent", "No inferences left for today"


class NotFound(AppError):
    status, slug, title = 404, "not-found", "Not found"


class MethodNotAllowed(AppError):
    status, slug, title = 405, "method-not-allowed", "Method not allowed"


class RequestTimeout(AppError):
    status, slug, title = 408, "request-timeout", "The request took too long to come"


class Conflict(AppError):
    status, slug, title = 409, "conflict", "Conflict"


class PreconditionFailed(AppError):
    status, slug, title = 412, "precondition-failed", "Precondition failed"


class TooLarge(AppError):
    status, slug, title = 413, "too-large", "Request too large"


class HeadTooLarge(TooLarge):
    status, slug, title = 431, "head-too-large", "Request headers too large"


class UnsupportedMediaType(AppError):
    status, slug, title = 415, "unsupported-media-type", "Unsupported media type"


class UserCodeError(AppError):
    status, slug, title = 500, "user-code", "The pipeline's own code failed"


class Unavailable(AppError):
    status, slug, title = 503, "unavailable", "Service unavailable"


class Overloaded(AppError):
    status, slug, title = 503, "overloaded", "Too many predictions at once"
    retryable = True


class Misconfigured(AppError):
    status, slug, title = 500, "misconfigured", "Misconfigured"


class StorageError(AppError):
    status, slug, title = 502, "storage-refused", "The storage refused the call"


class StorageCredentials(StorageError):
    """To callers it is the same: who has more objects to ask for need not try."""


class StorageDown(StorageError):
    status, slug, title = 503, "storage-down", "The storage is failing"
    retryable = True


class BackendError(AppError):
    status, slug, title = 502, "backend", "The hosting platform failed"


class BackendTimeout(BackendError):
    status, slug, title = 504, "backend-timeout", "The model did not answer in time"


class NotInTime(BackendTimeout):
    slug, title = "not-in-time", "There was not enough time"
    retryable = True


class BackendThrottled(BackendError):
    status, slug, title = 503, "backend-throttled", "The hosting platform is busy"
    retryable = True


class BackendDown(BackendError):
    slug, title = "backend-down", "The hosting platform is failing"
    retryable = True


class BackendAway(BackendDown):
    status, slug, title = 503, "backend-away", "The hosting platform is not called for a moment"


class BackendRejected(BackendError):
    slug, title = "backend-rejected", "The model refused the rows"


class BackendCrashed(BackendRejected):
    """To callers it is the same: only beside the fate of other rows it can be told what it means."""


class BackendRefused(BackendError):
    slug, title = "backend-refused", "The hosting platform refused the call"


class BackendMissing(BackendRefused):
    slug, title = "backend-missing", "The hosting platform has no such model"


class BadOutput(BackendError):
    slug, title = "bad-output", "The model's answer cannot be used"
