"""The HTTP client alone, for what no platform's conformance shows."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from structlog.typing import EventDict

from app.backends.http.auth import Auth, Fixed, NoAuth, Renewed, Token
from app.backends.http.client import HttpClient
from app.backends.http.errors import may_not_look
from app.core.errors import BackendDown, BackendError, BackendRefused
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, HttpStub, Request


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    opened = HttpClient("The platform", NoAuth(), 4)
    yield opened
    await opened.aclose()


async def test_connections_are_kept_and_no_more_than_allowed(client: HttpClient, stub: HttpStub) -> None:
    for _ in range(3):
        await asyncio.gather(*(client.post(stub.url, b"{}", TIMEOUT) for _ in range(12)))
    assert len(stub.requests) == 36
    assert stub.connections <= 4


async def test_percent_encoded_parts_arrive_as_they_are(client: HttpClient, stub: HttpStub) -> None:
    await client.get(f"{stub.url}/%61%2Fb/%C3%A9?name=x%20y%26z", TIMEOUT)
    assert stub.requests[0].path == "/%61%2Fb/%C3%A9?name=x%20y%26z"


async def test_a_large_body_is_sent_whole(client: HttpClient, stub: HttpStub) -> None:
    await client.post(stub.url, b"x" * 3_000_000, TIMEOUT)
    assert stub.requests[0].body == b"x" * 3_000_000


async def test_the_environments_proxy_is_used(
    client: HttpClient, stub: HttpStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", stub.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    await client.get("http://models.example.org/by/proxy", TIMEOUT)
    await client.get(f"{stub.url}/direct", TIMEOUT)
    assert [request.path for request in stub.requests] == ["http://models.example.org/by/proxy", "/direct"]


async def test_a_proxy_may_go_without_its_scheme_and_be_passed_by(
    client: HttpClient, stub: HttpStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", stub.url.removeprefix("http://"))
    monkeypatch.setenv("NO_PROXY", f"127.0.0.1:{stub.server_port}")
    monkeypatch.setenv("no_proxy", f"127.0.0.1:{stub.server_port}")
    await client.get("http://models.example.org/without/scheme", TIMEOUT)
    await client.get(f"{stub.url}/passed/by", TIMEOUT)
    paths = [request.path for request in stub.requests]
    assert paths == ["http://models.example.org/without/scheme", "/passed/by"]


async def test_a_proxys_password_is_not_logged(
    client: HttpClient, stub: HttpStub, monkeypatch: pytest.MonkeyPatch, logs: list[EventDict]
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", stub.url.replace("//", "//user:hush@"))
    stub.script(Answer(502))
    with pytest.raises(BackendDown, match="proxy"):
        await client.get("https://models.example.org/through/proxy", TIMEOUT)
    assert logs
    assert "hush" not in repr(logs)


async def test_a_proxy_that_is_away_is_an_outage(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{taken.getsockname()[1]}")
    with pytest.raises(BackendDown, match="proxy"):
        await client.get("https://models.example.org/away", TIMEOUT)


async def test_cookies_are_not_kept(client: HttpClient, stub: HttpStub) -> None:
    stub.script(Answer(headers={"Set-Cookie": "session=1"}))
    await client.get(stub.url, TIMEOUT)
    await client.get(stub.url, TIMEOUT)
    assert "cookie" not in stub.requests[1].headers


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1"])
async def test_a_name_that_resolves_to_a_metadata_address_is_not_called(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    place = (address, 80, 0, 0) if ":" in address else (address, 80)
    found = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(BackendRefused, match="never called"):
        await client.get("http://models.example.org", TIMEOUT)


async def test_plain_http_where_tls_is_meant_is_refused(client: HttpClient, stub: HttpStub) -> None:
    with pytest.raises(BackendRefused, match="TLS"):
        await client.get(stub.url.replace("http:", "https:"), TIMEOUT)


async def test_a_call_under_way_ends_with_aclose(client: HttpClient, stub: HttpStub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        call = asyncio.create_task(client.get(f"http://127.0.0.1:{silent.getsockname()[1]}", 30))
        connection, _ = await asyncio.to_thread(silent.accept)
        with connection:
            await client.aclose()
            with pytest.raises(BackendDown, match="no longer used"):
                await call


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, BackendRefused),
        (422, BackendRefused),
        (500, BackendDown),
        (504, BackendDown),
        (503, BackendDown),
    ],
)
async def test_what_carries_no_rows_never_blames_them(
    stub: HttpStub, logs: list[EventDict], status: int, expected: type[BackendError]
) -> None:
    stub.script(Answer(status))
    client = HttpClient("P", NoAuth(), 1, infers=False)
    with pytest.raises(expected) as caught:
        await client.get(stub.url, TIMEOUT)
    assert type(caught.value) is expected
    assert not [line for line in logs if line["log_level"] != "debug"]
    await client.aclose()


async def test_a_look_that_is_slow_is_worth_another(stub: HttpStub) -> None:
    go_on = threading.Event()
    stub.script(Answer(wait=go_on))
    client = HttpClient("P", NoAuth(), 1, infers=False)
    with pytest.raises(BackendDown):
        await client.get(stub.url, 0.1)
    go_on.set()
    await client.aclose()


async def test_what_may_not_be_seen_is_logged_once(stub: HttpStub, logs: list[EventDict]) -> None:
    stub.script(Answer(403))
    client = HttpClient("P", NoAuth(), 1, infers=False, statuses={403: may_not_look})
    assert [await client.look(stub.url, TIMEOUT) for _ in range(3)] == [None] * 3
    assert [line["event"] for line in logs if line["log_level"] != "debug"] == ["revision_not_available"]
    stub.script(Answer(body=b"seen"))
    found = await client.look(stub.url, TIMEOUT)
    assert found is not None
    assert found.body == b"seen"
    await client.aclose()


async def test_a_long_refusal_is_still_what_its_status_says(client: HttpClient, stub: HttpStub) -> None:
    stub.script(Answer(503, b"x" * 300_000, missing=10**9))
    with pytest.raises(BackendDown, match="status 503"):
        await client.get(stub.url, TIMEOUT)


@pytest.mark.parametrize("auth", [NoAuth(), Fixed({"X-Key": "k"})])
async def test_what_cannot_be_renewed_is_not_sent_again(auth: Auth, stub: HttpStub) -> None:
    stub.script(Answer(401))
    client = HttpClient("The platform", auth, 1)
    with pytest.raises(BackendRefused, match="credentials"):
        await client.get(stub.url, TIMEOUT)
    assert len(stub.requests) == 1
    await client.aclose()


async def test_a_platform_may_say_expired_otherwise(stub: HttpStub) -> None:
    tokens = iter("ab")

    async def fetch() -> Token:
        return Token(next(tokens), time.time() + 3600)

    def respond(request: Request) -> Answer:
        return Answer() if request.headers["authorization"] == "Bearer b" else Answer(403, b"Invalid")

    stub.respond = respond
    client = HttpClient(
        "P", Renewed(fetch), 1, expired=lambda status, reply: (status, reply.body) == (403, b"Invalid")
    )
    await client.get(stub.url, TIMEOUT)
    assert len(stub.requests) == 2
    await client.aclose()


@pytest.mark.parametrize(("status", "connections"), [(500, 2), (502, 2), (422, 1), (200, 1)])
@pytest.mark.parametrize("size", [0, 60_000], ids=["short", "long"])
async def test_a_connection_on_which_a_server_failed_is_not_used_again(
    client: HttpClient, stub: HttpStub, status: int, connections: int, size: int
) -> None:
    """Starlette cuts it once such an answer is out."""
    stub.script(Answer(status, b"x" * size), Answer())
    with suppress(BackendError):
        await client.post(stub.url, b"{}", TIMEOUT)
    await client.post(stub.url, b"{}", TIMEOUT)
    assert stub.connections == connections
