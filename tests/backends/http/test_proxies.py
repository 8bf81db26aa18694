"""What is looked at before a proxy is asked, which resolves names itself."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from structlog.typing import EventDict

from app.backends.http import proxies
from app.backends.http.auth import NoAuth
from app.backends.http.client import HttpClient
from app.core.errors import BackendRefused
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import HttpStub


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    proxies.proxy_for.cache_clear()
    proxies._looked_up.clear()
    yield
    proxies.proxy_for.cache_clear()


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def found(*_: object, **__: object) -> list[object]:
        if not addresses:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)


async def test_a_name_that_leads_to_a_metadata_address_is_not_asked_of_the_proxy(
    stub: HttpStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", stub.url)
    leads_to(monkeypatch, "192.0.2.1", "169.254.169.254")
    client = HttpClient("x", NoAuth(), 1)
    with pytest.raises(BackendRefused, match="metadata address"):
        await client.get("http://evil.example.org/", TIMEOUT)
    await client.aclose()
    assert not stub.requests


@pytest.mark.parametrize("addresses", [[], ["192.0.2.1"]])
async def test_others_are_asked_of_the_proxy_and_those_that_only_it_can_resolve(
    addresses: list[str], stub: HttpStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", stub.url)
    leads_to(monkeypatch, *addresses)
    client = HttpClient("x", NoAuth(), 1)
    await client.get("http://models.example.org/", TIMEOUT)
    await client.aclose()
    assert len(stub.requests) == 1


def test_a_proxy_is_told_at_start_without_its_password(
    monkeypatch: pytest.MonkeyPatch, logs: list[EventDict]
) -> None:
    monkeypatch.setenv("https_proxy", "http://user:hush@proxy.example.org")
    proxies.tell()
    assert logs[0]["event"] == "platforms are called through a proxy"
    assert "hush" not in repr(logs)
