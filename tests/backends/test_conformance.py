"""What every backend makes of its platform's answers, through real sockets; the other ends are stand-ins."""

import asyncio
import threading
from dataclasses import replace

import pytest
from structlog.typing import EventDict

from app.backends import base
from app.backends.base import Backend
from app.core.errors import (
    BackendDown,
    BackendError,
    BackendMissing,
    BackendRefused,
    BackendThrottled,
    BackendTimeout,
    BadOutput,
)
from app.services.hosting.outcomes import checked_look
from tests.backends.bench import EXPECTED, ROWS, Bench, each_remote, failure
from tests.backends.platforms import REMOTE_NAMES, SECRET, remote
from tests.support.eventually import TIMEOUT, until
from tests.support.http_stub import Answer
from tests.support.looks import only, revision_of, told

NAMELESS = {"mlflow"}
"""Whose servers have one model, which a call does not name."""
SENT = {name: sorted(remote(name).own_errors()) for name in REMOTE_NAMES}


@each_remote
async def test_rows_go_out_in_order_and_answers_come_back_so(bench: Bench, backend: Backend) -> None:
    reply = await backend.predict(ROWS, TIMEOUT)
    assert reply.outputs == EXPECTED
    assert told(reply, await backend.look()) == bench.remote.revision
    assert (await backend.predict(ROWS[:1], TIMEOUT)).outputs == EXPECTED[:1]
    assert len(bench.predictions) == 2


@each_remote
async def test_the_limits_bound_the_body(bench: Bench, backend: Backend) -> None:
    await backend.predict(ROWS, TIMEOUT)
    (first,) = bench.predictions
    tight = bench.open(max_bytes=2000, max_rows=7)
    assert tight.limits.rows == 7
    around = 2000 - tight.limits.bytes
    assert 0 <= around < 500
    assert len(first.body) <= around + sum(map(tight.row_bytes, ROWS))
    await tight.aclose()


@each_remote
@pytest.mark.parametrize("change", [-1, 1])
async def test_another_number_of_answers_is_no_answer(bench: Bench, backend: Backend, change: int) -> None:
    bench.answer = bench.remote.reply([1.5] * (len(ROWS) + change))
    assert type(await failure(backend)) is BadOutput


@each_remote
async def test_nan_spoils_its_own_row_only(bench: Bench, backend: Backend) -> None:
    bench.answer = bench.remote.reply([1.5, float("nan"), 2.5])
    first, second, third = (await backend.predict(ROWS[:3], TIMEOUT)).outputs
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
    await backend.predict(ROWS, TIMEOUT)  # a token, where there are some
    bench.stub.shutdown()
    bench.stub.server_close()
    bench.answer = Answer(reset=True)  # for the connection that is still open
    assert type(await failure(backend)) is BackendDown
    assert type(await failure(backend)) is BackendDown


@each_remote
async def test_a_slow_answer_ends_the_wait(bench: Bench, backend: Backend) -> None:
    await backend.predict(ROWS, TIMEOUT)
    go_on = threading.Event()
    bench.answer = Answer(wait=go_on)
    assert type(await failure(backend, 0.3)) is BackendTimeout
    go_on.set()


@each_remote
async def test_a_cancelled_call_leaves_the_backend_usable(bench: Bench, backend: Backend) -> None:
    go_on = threading.Event()
    bench.answer = Answer(wait=go_on)
    call = asyncio.create_task(backend.predict(ROWS, TIMEOUT))
    await until(lambda: bool(bench.predictions))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    bench.answer = None
    assert (await backend.predict(ROWS, TIMEOUT)).outputs == EXPECTED
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
async def test_what_does_not_exist_is_named_where_one_looks(bench: Bench, backend: Backend) -> None:
    bench.stub.respond = lambda request: bench.remote.unknown(request) or bench.respond(request)
    with pytest.raises(BackendMissing) as caught:
        await revision_of(backend)
    check_missing(bench, caught.value)
    assert not bench.predictions


@each_remote
async def test_what_does_not_exist_is_named_where_one_predicts(
    bench: Bench, backend: Backend, logs: list[EventDict]
) -> None:
    bench.stub.respond = lambda request: bench.remote.unknown(request) or bench.respond(request)
    if bench.name in NAMELESS:
        assert (await backend.predict(ROWS, TIMEOUT)).outputs == EXPECTED
        return
    check_missing(bench, await failure(backend))
    assert any(SECRET in str(line) for line in logs)


def check_missing(bench: Bench, error: BackendError) -> None:
    assert type(error) is BackendMissing
    assert [fault.field for fault in error.errors] == [f"options.{bench.remote.named}"]
    assert not error.retryable
    for said in (error.detail, *(fault.message for fault in error.errors)):
        assert SECRET not in said
        assert "127.0.0.1" not in said


@each_remote
@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_a_look_that_is_refused_or_fails_is_no_word_on_what_exists(
    bench: Bench, backend: Backend, status: int
) -> None:
    """A 403 may hide whether there is anything: a version is registered all the same."""
    bench.stub.respond = lambda _: Answer(status, SECRET.encode())
    (found,) = await asyncio.gather(revision_of(backend), return_exceptions=True)
    assert found is None or isinstance(found, BackendError)
    assert not isinstance(found, BackendMissing)


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
    huge = bench.remote.reply(["x" * 2**20] * 2)
    bench.answer = replace(huge, missing=10**9)  # whoever reads on finds it cut off
    assert "more than 1 MB" in (await failure(backend)).detail


@each_remote
async def test_a_look_costs_no_inference(bench: Bench, backend: Backend) -> None:
    found = await backend.look()
    assert checked_look(found) is found
    assert only(found) == bench.remote.deployed
    assert not bench.predictions
