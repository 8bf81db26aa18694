"""That nothing aiohttp raises is unknown to us, and what statuses mean."""

import inspect
from collections.abc import Iterator

import aiohttp
import pytest

from app.backends.http.errors import EXCEPTIONS, STATUSES, Statuses, of_exception, of_status
from app.core.errors import (
    BackendCrashed,
    BackendDown,
    BackendError,
    BackendRefused,
    BackendRejected,
    BackendThrottled,
    BackendTimeout,
)

NOT_OURS = {
    aiohttp.ClientError,  # the root
    aiohttp.WSMessageTypeError,  # of web sockets, as the next; no backend opens one
    aiohttp.WSServerHandshakeError,
    aiohttp.ContentTypeError,  # of response.json(), which nobody calls
}


def vendor_errors() -> Iterator[type[Exception]]:
    for _, found in inspect.getmembers(aiohttp, inspect.isclass):
        if issubclass(found, aiohttp.ClientError) and found not in NOT_OURS:
            yield found


def test_every_exception_of_the_client_is_mapped() -> None:
    unknown = [error for error in vendor_errors() if not issubclass(error, _mapped())]
    assert not unknown


def _mapped() -> tuple[type[BaseException], ...]:
    found: list[type[BaseException]] = []
    for vendor, _ in EXCEPTIONS:
        found += vendor if isinstance(vendor, tuple) else [vendor]
    return tuple(found)


def test_no_entry_hides_behind_one_before_it() -> None:
    before: list[type[BaseException]] = []
    for vendor, _ in EXCEPTIONS:
        these = vendor if isinstance(vendor, tuple) else (vendor,)
        assert not [one for one in these if issubclass(one, tuple(before))]
        before += these


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (aiohttp.ServerDisconnectedError(), BackendDown),
        (aiohttp.ClientPayloadError("half"), BackendDown),
        (aiohttp.ConnectionTimeoutError(), BackendDown),
        (aiohttp.SocketTimeoutError(), BackendTimeout),
        (aiohttp.InvalidURL("x"), BackendRefused),
        (aiohttp.ClientError("new"), BackendError),
    ],
)
def test_what_some_of_them_mean(error: aiohttp.ClientError, expected: type[BackendError]) -> None:
    ours = of_exception(error, "The platform")
    assert type(ours) is expected
    assert ours.detail.startswith("The platform: ")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (302, BackendRefused),
        (400, BackendRejected),
        (401, BackendRefused),
        (404, BackendRefused),
        (408, BackendTimeout),
        (418, BackendRefused),
        (429, BackendThrottled),
        (500, BackendCrashed),
        (502, BackendDown),
        (503, BackendDown),
        (504, BackendTimeout),
        (599, BackendDown),
    ],
)
def test_what_statuses_mean(status: int, expected: type[BackendError]) -> None:
    error = of_status(status, {}, b"secret", "The platform", {})
    assert type(error) is expected
    assert f"status {status}" in error.detail
    assert "secret" not in error.detail


def test_a_platform_may_mean_something_else() -> None:
    own: Statuses = {
        400: (BackendRefused, "fixed."),
        424: lambda headers, body: (BackendDown, headers["x"] + body.decode()),
    }
    assert of_status(400, {}, b"", "P", own).detail == "P answered with status 400: fixed."
    assert of_status(424, {"x": "a"}, b"b", "P", own).detail.endswith("ab")


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("", None), ("-1", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)]
)
def test_retry_after_makes_503_a_matter_of_waiting(header: str, seconds: float | None) -> None:
    error = of_status(503, {"Retry-After": header}, b"", "P", {})
    assert error.retry_after == seconds
    assert type(error) is (BackendThrottled if seconds else BackendDown)


def test_the_table_is_of_errors() -> None:
    assert all(status >= 400 for status in STATUSES)
