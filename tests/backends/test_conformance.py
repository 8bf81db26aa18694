"""What every backend must do, through real sockets; the platforms' ends are stand-ins of their wire."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import JsonValue
from structlog.typing import EventDict

from app.aws import session
from app.backends import base
from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import (
    BackendDown,
    BackendError,
    BackendRefused,
    BackendThrottled,
    BackendTimeout,
    BadOutput,
    InvalidInput,
)
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.backends.platforms import (
    FEATURES,
    NAMES,
    REMOTE_NAMES,
    SECRET,
    Remote,
    platform,
    remote,
)
from tests.support.eventually import until
from tests.support.http_stub import Answer, HttpStub, Request, http_stub

ROWS: list[Row] = [[n, n / 4] for n in range(50)]
EXPECTED = [10 * n + n / 4 for n in range(50)]


def model(rows: Sequence[Sequence[JsonValue]]) -> list[JsonValue]:
    return [10 * float(str(a)) + float(str(b)) for a, b in rows]


@dataclass
class Bench:
    """A stand-in that answers as the model would, unless a test sets ``answer``.

    ``predictions`` are the requests that asked for some.
    """

    name: str
    stub: HttpStub
    folder: Path
    predictions: list[Request]
    answer: Answer | None = None

    @property
    def remote(self) -> Remote:
        return remote(self.name)

    def respond(self, request: Request) -> Answer:
        if other := self.remote.other(request):
            return other
        self.predictions.append(request)
        return self.answer or self.remote.reply(model(self.remote.rows(request)))

    def open(self, **changes: JsonValue) -> Backend:
        options = self.remote.options(self.stub.url, self.folder) | changes
        hosts = Hosts(f"http://127.0.0.1:{self.stub.server_port}")
        return open_backend(self.name, options, FEATURES, concurrency=32, hosts=hosts)


@pytest.fixture
def stub() -> Iterator[HttpStub]:
    with http_stub() as server:
        yield server


@pytest.fixture
def bench(
    request: pytest.FixtureRequest, stub: HttpStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    bench = Bench(request.param, stub, tmp_path, [])
    for name, value in bench.remote.environment(stub.url, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))  # where Google's library finds a developer's login
    stub.respond = bench.respond
    session.cache_clear()
    yield bench
    session.cache_clear()


@pytest.fixture
async def backend(bench: Bench) -> AsyncIterator[Backend]:
    opened = bench.open()
    yield opened
    await opened.aclose()


each_remote = pytest.mark.parametrize("bench", REMOTE_NAMES, indirect=True)
SENT = {name: sorted(remote(name).own_errors()) for name in REMOTE_NAMES}


async def failure(backend: Backend, timeout: float = 10) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await backend.predict(ROWS, timeout)
    return caught.value


@each_remote
async def test_rows_go_out_in_order_and_answers_come_back_so(bench: Bench, backend: Backend) -> None:
    reply = await backend.predict(ROWS, 10)
    assert reply.outputs == EXPECTED
    assert reply.revision == bench.remote.revision
    assert (await backend.predict(ROWS[:1], 10)).outputs == EXPECTED[:1]
    assert len(bench.predictions) == 2


@each_remote
async def test_the_limits_bound_the_body(bench: Bench, backend: Backend) -> None:
    await backend.predict(ROWS, 10)
    (first,) = bench.predictions
    tight = bench.open(max_bytes=2000, max_rows=7)
    assert tight.limits.rows == 7
    around = 2000 - tight.limits.bytes
    assert 0 <= around < 500
    assert len(first.body) <= around + sum(map(tight.row_bytes, ROWS))
    await tight.aclose()


@each_remote
async def test_a_limit_without_room_for_rows_is_named(bench: Bench) -> None:
    features = [f"feature_{number}_{'x' * 40}" for number in range(100)]
    options = bench.remote.options(bench.stub.url, bench.folder) | {"max_bytes": 1024}
    try:
        backend = open_backend(bench.name, options, features, concurrency=1, hosts=Hosts(bench.stub.url))
    except InvalidInput as error:
        assert [fault.field for fault in error.errors] == ["options.max_bytes"]
    else:  # the names are not sent
        assert backend.limits.bytes > 0
        await backend.aclose()


@each_remote
@pytest.mark.parametrize("change", [-1, 1])
async def test_another_number_of_answers_is_no_answer(bench: Bench, backend: Backend, change: int) -> None:
    bench.answer = bench.remote.reply([1.5] * (len(ROWS) + change))
    assert type(await failure(backend)) is BadOutput


@each_remote
async def test_nan_spoils_its_own_row_only(bench: Bench, backend: Backend) -> None:
    bench.answer = bench.remote.reply([1.5, float("nan"), 2.5])
    first, second, third = (await backend.predict(ROWS[:3], 10)).outputs
    assert (first, third) == (1.5, 2.5)
    assert isinstance(second, BadOutput)


@each_remote
@pytest.mark.parametrize("body", [b"", b"{}", b'"text"', b"[[", b"7", b'{"predictions": 7}', b"\xff\xfe"])
async def test_a_wrong_shape_is_no_answer(bench: Bench, backend: Backend, body: bytes) -> None:
    bench.answer = Answer(body=body, headers={"Content-Type": "application/json"})
    assert type(await failure(backend)) is BadOutput


@each_remote
async def test_a_page_is_no_answer(bench: Bench, backend: Backend) -> None:
    page = f"<html>{SECRET}</html>".encode()
    bench.answer = Answer(body=page, headers={"Content-Type": "text/html"})
    caught = await failure(backend)
    assert type(caught) is BadOutput
    assert SECRET not in caught.detail


@each_remote
async def test_an_answer_that_is_cut_off_is_an_outage(bench: Bench, backend: Backend) -> None:
    bench.answer = replace(bench.remote.reply([1.5] * 50), missing=10)
    assert type(await failure(backend)) is BackendDown


@each_remote
async def test_a_connection_that_breaks_is_an_outage(bench: Bench, backend: Backend) -> None:
    bench.answer = Answer(reset=True)
    assert type(await failure(backend)) is BackendDown


@each_remote
async def test_a_platform_that_is_away_is_an_outage(bench: Bench, backend: Backend) -> None:
    await backend.predict(ROWS, 10)  # a token, where there are some
    bench.stub.shutdown()
    bench.stub.server_close()
    bench.answer = Answer(reset=True)  # for the connection that is still open
    assert type(await failure(backend)) is BackendDown
    assert type(await failure(backend)) is BackendDown


@each_remote
async def test_a_slow_answer_ends_the_wait(bench: Bench, backend: Backend) -> None:
    await backend.predict(ROWS, 10)
    go_on = threading.Event()
    bench.answer = Answer(wait=go_on)
    assert type(await failure(backend, 0.3)) is BackendTimeout
    go_on.set()


@each_remote
async def test_a_cancelled_call_leaves_the_backend_usable(bench: Bench, backend: Backend) -> None:
    go_on = threading.Event()
    bench.answer = Answer(wait=go_on)
    call = asyncio.create_task(backend.predict(ROWS, 60))
    await until(lambda: bool(bench.predictions))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    bench.answer = None
    assert (await backend.predict(ROWS, 10)).outputs == EXPECTED
    go_on.set()


@each_remote
async def test_throttling_is_worth_another_try(bench: Bench, backend: Backend) -> None:
    bench.answer = bench.remote.throttled()
    caught = await failure(backend)
    assert type(caught) is BackendThrottled
    if "Retry-After" in bench.answer.headers:
        assert caught.retry_after == 7
    assert len(bench.predictions) == 1  # the caller tries again, nobody behind its back


@pytest.mark.parametrize(
    ("bench", "error"), [(name, error) for name in SENT for error in SENT[name]], indirect=["bench"]
)
async def test_its_own_errors_become_ours(
    bench: Bench, backend: Backend, error: str, logs: list[EventDict]
) -> None:
    own = bench.remote.own_errors()[error]
    bench.answer = own.answer
    caught = await failure(backend)
    assert type(caught) is own.expected
    assert len(bench.predictions) == 1
    assert SECRET not in caught.detail
    assert "127.0.0.1" not in caught.detail
    assert SECRET.encode() not in own.answer.body or any(SECRET in str(line) for line in logs)


@each_remote
async def test_an_expired_token_is_renewed_once_for_all(bench: Bench, backend: Backend) -> None:
    if not bench.remote.renews:
        bench.answer = bench.remote.unauthorised()
        assert type(await failure(backend)) is BackendRefused
        assert len(bench.predictions) == 1
        return
    await backend.predict(ROWS, 10)
    (before,) = bench.predictions
    seen: set[str] = set()

    def respond(request: Request) -> Answer:
        if other := bench.remote.other(request):
            return other
        seen.add(request.headers["authorization"])
        if request.headers["authorization"] == before.headers["authorization"]:
            return bench.remote.unauthorised()
        return bench.remote.reply(model(bench.remote.rows(request)))

    bench.stub.respond = respond
    replies = await asyncio.gather(*(backend.predict(ROWS, 10) for _ in range(16)))
    assert all(reply.outputs == EXPECTED for reply in replies)
    assert len(seen) == 2  # the old token and one new one


@each_remote
async def test_a_token_that_is_never_taken_is_a_clear_failure(
    bench: Bench, backend: Backend, logs: list[EventDict]
) -> None:
    bench.answer = bench.remote.unauthorised()
    caught = await failure(backend)
    assert type(caught) is BackendRefused
    assert len(bench.predictions) == (2 if bench.remote.renews else 1)
    for secret in bench.remote.secrets:
        assert secret not in caught.detail
        assert secret not in repr(logs)


@each_remote
async def test_a_redirect_is_not_followed(bench: Bench, backend: Backend) -> None:
    bench.answer = Answer(302, headers={"Location": f"{bench.stub.url}/elsewhere"})
    assert type(await failure(backend)) is BackendRefused
    assert all(request.path != "/elsewhere" for request in bench.stub.requests)


@each_remote
async def test_a_huge_answer_is_not_read_to_its_end(
    bench: Bench, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "MAX_REPLY", 2**20)
    bench.answer = bench.remote.reply(["x" * 2**20] * 2)
    assert "more than 1 MB" in (await failure(backend)).detail


@each_remote
async def test_the_revision_costs_no_inference(bench: Bench, backend: Backend) -> None:
    revision = await backend.revision()
    assert revision is None or revision
    assert not bench.predictions


@each_remote
async def test_after_aclose_a_call_is_an_error_of_ours(bench: Bench) -> None:
    backend = bench.open()
    await backend.predict(ROWS, 10)
    await backend.aclose()
    await backend.aclose()
    await failure(backend)
    assert len(bench.predictions) == 1


@each_remote
@pytest.mark.parametrize(
    "address", ["https://example.org", "https://127.0.0.1", "http://169.254.169.254", "https://[fe80::1]"]
)
async def test_an_address_that_is_not_allowed_is_named(bench: Bench, address: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        bench.open(**{bench.remote.address: address})
    assert [fault.field for fault in caught.value.errors] == [f"options.{bench.remote.address}"]
    assert not bench.stub.requests


@each_remote
async def test_plain_http_is_for_stand_ins_where_the_platform_is_https_only(bench: Bench) -> None:
    options = bench.remote.options(bench.stub.url, bench.folder) | {
        bench.remote.address: "http://example.org:80"
    }
    hosts = Hosts("http://example.org:80")
    if not bench.remote.https_only:
        await open_backend(bench.name, options, FEATURES, concurrency=1, hosts=hosts).aclose()
        return
    with pytest.raises(InvalidInput) as caught:
        open_backend(bench.name, options, FEATURES, concurrency=1, hosts=hosts)
    assert "https" in caught.value.errors[0].message


@each_remote
async def test_a_secret_that_is_missing_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in bench.remote.environment(bench.stub.url, bench.folder):
        monkeypatch.delenv(name)
    if not bench.remote.secrets:
        return
    with pytest.raises(BackendRefused):
        await bench.open().predict(ROWS, 10)
    assert not bench.predictions


@pytest.mark.parametrize("name", NAMES)
async def test_an_unknown_option_is_named(name: str, stub: HttpStub, tmp_path: Path) -> None:
    options = platform(name).options(stub.url, tmp_path) | {"password": "x"}
    with pytest.raises(InvalidInput) as caught:
        open_backend(name, options, FEATURES, concurrency=1, hosts=Hosts())
    assert [fault.field for fault in caught.value.errors] == ["options.password"]
