"""Calls over aiohttp: connections, time, and what becomes of a call that is cut."""

import asyncio
import gzip
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from app.aws import signed_invocation
from app.backends import base
from app.backends.sagemaker.calls import chosen
from app.core.errors import BackendDown, BackendError, BackendRefused, BadOutput
from tests.backends.sagemaker.calls.conftest import CSV, Opener
from tests.support.aws_stub import Answer, AwsStub, csv
from tests.support.eventually import TIMEOUT

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 1\r\n\r\n1"


@contextmanager
def connections() -> Iterator[tuple[socket.socket, str]]:
    """A listener, and the address to call it by."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TIMEOUT)
        yield listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


async def accept(listener: socket.socket) -> socket.socket:
    """The next connection, once a request has come on it."""
    connection, _ = await asyncio.to_thread(listener.accept)
    connection.settimeout(TIMEOUT)
    await asyncio.to_thread(connection.recv, 65536)
    return connection


async def test_a_connection_that_was_closed_while_idle_is_not_used(aws: AwsStub, opener: Opener) -> None:
    with connections() as (listener, url):
        calls = opener(CSV, endpoint_url=url)
        for _ in range(3):
            call = asyncio.create_task(calls.invoke(b"1"))
            with await accept(listener) as connection:
                connection.sendall(ANSWER)
                assert (await call).content == b"1"
            await asyncio.sleep(0.05)  # the loop sees that it is closed


async def test_a_call_that_was_cut_may_have_run_and_is_not_made_again(aws: AwsStub, opener: Opener) -> None:
    with connections() as (listener, url):
        calls = opener(CSV, endpoint_url=url)
        call = asyncio.create_task(calls.invoke(b"1"))
        with await accept(listener) as connection:
            connection.sendall(ANSWER)
            await call
            second = asyncio.create_task(calls.invoke(b"1"))
            assert await asyncio.to_thread(connection.recv, 65536)
        with pytest.raises(BackendDown) as caught:
            await second
        assert caught.value.retryable
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("gone", [asyncio.CancelledError, TimeoutError])
async def test_a_call_that_nobody_waits_for_closes_its_connection(
    aws: AwsStub, opener: Opener, gone: type[BaseException]
) -> None:
    with connections() as (listener, url):
        calls = opener(CSV, endpoint_url=url)
        call = asyncio.create_task(
            asyncio.wait_for(calls.invoke(b"1"), 0.5 if gone is TimeoutError else None)
        )
        with await accept(listener) as connection:
            if gone is asyncio.CancelledError:
                call.cancel()
            with pytest.raises(gone):
                await call
            assert await asyncio.to_thread(connection.recv, 1) == b""


async def test_no_more_connections_than_calls_at_once(aws: AwsStub, opener: Opener) -> None:
    calls = opener(CSV)
    await asyncio.gather(*(calls.invoke(b"1") for _ in range(40)))
    assert len(aws.requests) == 40
    assert aws.connections <= 4


async def test_redirects_are_not_followed(aws: AwsStub, opener: Opener) -> None:
    aws.script(Answer(307, headers={"Location": f"{aws.url}/elsewhere"}), csv("1"))
    with pytest.raises(ClientError):
        await opener(CSV).invoke(b"1")
    assert len(aws.requests) == 1


async def test_a_compressed_answer_is_unpacked(aws: AwsStub, opener: Opener) -> None:
    aws.script(Answer(body=gzip.compress(b"0.5"), headers={"Content-Encoding": "gzip"}))
    assert (await opener(CSV).invoke(b"1")).content == b"0.5"


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_is_bounded(
    aws: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(base, "MAX_REPLY", 2**20)
    aws.script(_long(200, packed=packed))
    with pytest.raises(BadOutput, match="more than 1 MB"):
        await opener(CSV).invoke(b"1")


@pytest.mark.parametrize("packed", [False, True])
async def test_of_a_refusal_the_beginning_is_read(aws: AwsStub, opener: Opener, packed: bool) -> None:
    aws.script(_long(400, packed=packed))
    with pytest.raises(ClientError) as caught:
        await opener(CSV).invoke(b"1")
    assert len(str(caught.value)) <= 2**20 + 100


def _long(status: int, *, packed: bool) -> Answer:
    body = b"1" * (2**20 + 1)
    if packed:
        return Answer(status, gzip.compress(body), {"Content-Encoding": "gzip"})
    return Answer(status, body)


async def test_a_name_that_leads_to_the_metadata_service_is_not_called(
    aws: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(BackendRefused, match="never called"):
        await opener(CSV, endpoint_url="http://models.example.org").invoke(b"1")


async def test_closing_while_the_way_is_chosen_leaves_nothing_open(
    aws: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = opener(CSV)
    call = asyncio.create_task(calls.invoke(b"1"))
    await asyncio.sleep(0)
    await calls.aclose()
    with pytest.raises(BackendError, match="no longer used"):
        await call
    with pytest.raises(BackendError, match="no longer used"):
        await calls.invoke(b"1")
    assert not aws.requests


async def test_the_choice_is_made_once(aws: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = Mock(wraps=signed_invocation)
    monkeypatch.setattr(chosen, "signed_invocation", prepare)
    calls = opener(CSV)
    first, *rest = [asyncio.create_task(calls.invoke(b"1")) for _ in range(10)]
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(*rest)
    assert len(aws.requests) == 9
    assert prepare.call_count == 1
