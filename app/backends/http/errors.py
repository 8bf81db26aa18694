"""What a platform's HTTP status or aiohttp's exceptions mean, as this service's errors.

Platforms put stack traces, paths and the rows themselves into their messages: those are logged, never passed
on.
"""

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

import aiohttp
import structlog
from pydantic import JsonValue

from app.backends.wire.servers import LONGEST, says_not_ready
from app.core.errors import (
    BackendCrashed,
    BackendDown,
    BackendError,
    BackendMissing,
    BackendRefused,
    BackendRejected,
    BackendThrottled,
    BackendTimeout,
    FieldError,
)
from app.core.logging.quoting import Quoted

log = structlog.get_logger(__name__)

Meaning: TypeAlias = tuple[type[BackendError], str]
Reading: TypeAlias = Callable[[Mapping[str, str], bytes], Meaning]
"""Of a status whose meaning depends on the answer's headers or body."""
Statuses: TypeAlias = Mapping[int, Meaning | Reading]
FaultBody: TypeAlias = Mapping[str, JsonValue]
"""The JSON object that a platform answers as an error; empty where it answered something else."""

STATUSES: dict[int, Meaning] = {
    400: (BackendRejected, "it refused the rows."),
    401: (BackendRefused, "the credentials are wrong, missing or have expired."),
    403: (BackendRefused, "the credentials may not do this."),
    # Not BackendMissing: a proxy, or another server at a wrong address, knows nothing of its models.
    404: (BackendRefused, "there is no such model or endpoint."),
    408: (BackendTimeout, "the model did not answer within the platform's time limit."),
    413: (BackendRejected, "the rows are too large for one call."),
    422: (BackendRejected, "it refused the rows."),
    429: (BackendThrottled, "it throttles the calls."),
    # Most servers answer 500 whenever the model's code raises, an odd value included: whether the rows are at
    # fault, the fate of others beside them tells.
    500: (BackendCrashed, "it failed on the rows."),
    501: (BackendRefused, "it does not take such calls."),
    503: (BackendDown, "it is not ready."),
    504: (BackendTimeout, "the model did not answer within the platform's time limit."),
}
"""Where a platform means something else, its backend says so."""

NOT_READY: Meaning = (BackendThrottled, "the model is not ready.")
"""That passes by itself: it is waited for."""

LOOKS: dict[int, Meaning] = {
    **dict.fromkeys((400, 413, 422), (BackendRefused, "it does not take what the options make of the call.")),
    **dict.fromkeys((408, 500, 504), (BackendDown, "it is failing.")),
}
"""The same of a call that carries no rows: nothing was inferred, and another try costs nothing."""

EXCEPTIONS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Meaning], ...] = (
    (
        (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError, aiohttp.ClientSSLError),
        (BackendRefused, "the TLS connection failed (certificate or protocol)."),
    ),
    (aiohttp.ServerFingerprintMismatch, (BackendRefused, "the TLS certificate is another than configured.")),
    (aiohttp.ConnectionTimeoutError, (BackendDown, "the connection could not be made in time.")),
    (aiohttp.ServerTimeoutError, (BackendTimeout, "no answer came in time.")),
    (aiohttp.ClientConnectorDNSError, (BackendDown, "its host's name was not found.")),
    (aiohttp.ClientProxyConnectionError, (BackendDown, "the proxy could not be reached.")),
    (aiohttp.ClientConnectorError, (BackendDown, "it could not be reached.")),
    (aiohttp.ServerDisconnectedError, (BackendDown, "the connection was closed before an answer came.")),
    (aiohttp.ClientConnectionError, (BackendDown, "the connection failed.")),
    (aiohttp.ClientPayloadError, (BackendDown, "the answer was cut off.")),
    (
        (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError),
        (BackendRefused, "the options do not make a valid address."),
    ),
    (
        (aiohttp.TooManyRedirects, aiohttp.RedirectClientError),
        (BackendRefused, "it answered with redirects."),
    ),
    (aiohttp.UploadAbortedError, (BackendDown, "it stopped reading the rows.")),
    (aiohttp.ClientHttpProxyError, (BackendDown, "the proxy refused the call.")),
    (aiohttp.ClientResponseError, (BackendDown, "it answered something that is no HTTP answer.")),
)
"""Failures of the call itself; the first that fits counts. Any other is a plain BackendError."""


class MayNotLook(Exception):
    """Who may predict may not see what is deployed: nothing is wrong with that."""


def may_not_look(_headers: Mapping[str, str], _body: bytes) -> Meaning:
    """For the 403 of a look that needs a permission of its own. Raises MayNotLook, and logs nothing."""
    raise MayNotLook


def no_such(detail: str, said: Callable[[FaultBody], bool], *, otherwise: Meaning = STATUSES[404]) -> Reading:
    """For a status of what does not exist: BackendMissing where ``said`` finds the platform's own words.

    Without them it may be a proxy's, or that of another server at a wrong address.
    """
    return lambda _headers, body: (BackendMissing, detail) if said(_fault(body)) else otherwise


def _fault(body: bytes) -> FaultBody:
    try:
        fault: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return fault if isinstance(fault, dict) else {}


def of_status(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    what: str,
    own: Statuses,
    *,
    names: str = "",
    infers: bool = True,
) -> BackendError:
    """The error that says what ``what`` meant by a status; ``own`` are its platform's meanings.

    ``names``: the option that is at fault for BackendMissing. ``infers``: the call carried rows. Others are
    made again and again; what is wrong, their callers log.
    """
    answer = body[:2000].decode(errors="replace")
    meaning = own.get(status) or (not infers and LOOKS.get(status)) or STATUSES.get(status) or _others(status)
    kind, detail = meaning(headers, body) if callable(meaning) else meaning
    if says_not_ready(body[:LONGEST].decode(errors="replace")):
        kind, detail = NOT_READY
    (log.warning if infers else log.debug)(
        "platform_refused", target=what, status=status, answer=Quoted(answer)
    )
    retry_after = _seconds(headers.get("Retry-After", ""))
    if (
        status == 503 and retry_after is not None
    ):  # it says when it will be there, as when it scales from zero
        kind = BackendThrottled
    faults = [FieldError(f"options.{names}", detail.rstrip("."))] if kind is BackendMissing and names else ()
    return kind(f"{what} answered with status {status}: {detail}", errors=faults, retry_after=retry_after)


def of_exception(error: aiohttp.ClientError, what: str) -> BackendError:
    """The error that says why the call to ``what`` failed."""
    log.warning("platform_call_failed", target=what, error=_words(error), kind=type(error).__name__)
    for vendor, (ours, detail) in EXCEPTIONS:
        if isinstance(error, vendor):
            return ours(f"{what}: {detail}")
    return BackendError(f"{what}: the call could not be made.")


def _words(error: aiohttp.ClientError) -> str:
    """Without addresses: that of a proxy holds a password."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{error.status} {error.message}"
    return "" if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError) else str(error)


def _others(status: int) -> Meaning:
    if 300 <= status < 400:
        return (
            BackendRefused,
            "a redirect, which is not followed; platforms send one where a login is missing.",
        )
    if status >= 500:
        return BackendDown, "it is failing."
    return BackendRefused, "it does not take such calls."


def _seconds(text: str) -> float | None:
    """Seconds of a Retry-After; None where there is none, or a date."""
    return float(text) if text.isdecimal() and len(text) < 6 else None
