"""Whom every backend calls, as whom, and from when to when."""

import asyncio
from pathlib import Path

import pytest
from structlog.typing import EventDict

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendRefused, InvalidInput
from app.core.hosts import Hosts
from tests.backends.bench import EXPECTED, ROWS, Bench, each_remote, failure, model
from tests.backends.platforms import FEATURES, NAMES, platform
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, HttpStub, Request

VENDOR_CHAINS = {"sagemaker": ("AWS region", "AWS credentials"), "vertex": ("Google credentials",)}
"""Where the vendor's own library looks in many places, this is what is said to be missing."""
SIGNS = ("sagemaker",)
"""Where a call is signed, no secret is sent."""


@each_remote
async def test_an_expired_token_is_renewed_once_for_all(bench: Bench, backend: Backend) -> None:
    if not bench.remote.renews:
        bench.answer = bench.remote.unauthorised()
        assert type(await failure(backend)) is BackendRefused
        assert len(bench.predictions) == 1
        return
    await backend.predict(ROWS, TIMEOUT)
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
    replies = await asyncio.gather(*(backend.predict(ROWS, TIMEOUT) for _ in range(16)))
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
async def test_after_aclose_a_call_is_an_error_of_ours(bench: Bench) -> None:
    backend = bench.open()
    await backend.predict(ROWS, TIMEOUT)
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
async def test_no_secret_goes_to_a_host_that_is_listed_without_it(bench: Bench) -> None:
    if not bench.remote.secrets or bench.name in SIGNS:
        return
    options = bench.remote.options(bench.stub.url, bench.folder)
    hosts = Hosts(f"http://127.0.0.1:{bench.stub.server_port}=OTHER_KEY")
    with pytest.raises(InvalidInput) as caught:
        open_backend(bench.name, options, FEATURES, concurrency=1, hosts=hosts)
    assert all("may not be sent there" in fault.message for fault in caught.value.errors)
    assert not bench.stub.requests


@each_remote
async def test_plain_http_is_for_stand_ins_where_the_platform_is_https_only(bench: Bench) -> None:
    options = bench.remote.options(bench.stub.url, bench.folder) | {
        bench.remote.address: "http://example.org:80"
    }
    hosts = Hosts(f"http://example.org:80=*,{bench.stub.url}=*")
    if not bench.remote.https_only:
        await open_backend(bench.name, options, FEATURES, concurrency=1, hosts=hosts).aclose()
        return
    with pytest.raises(InvalidInput) as caught:
        open_backend(bench.name, options, FEATURES, concurrency=1, hosts=hosts)
    assert "https" in caught.value.errors[0].message


@each_remote
async def test_a_secret_that_is_missing_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    names = list(bench.remote.environment(bench.stub.url, bench.folder)) if bench.remote.secrets else []
    for name in names:
        monkeypatch.delenv(name)
    if not names:  # no secret to miss
        backend = bench.open()
        assert (await backend.predict(ROWS, TIMEOUT)).outputs == EXPECTED
        await backend.aclose()
        return
    with pytest.raises(BackendRefused) as caught:
        await bench.open().predict(ROWS, TIMEOUT)
    assert any(name in caught.value.detail for name in (*names, *VENDOR_CHAINS.get(bench.name, ())))
    assert not bench.predictions


@pytest.mark.parametrize("name", NAMES)
async def test_an_unknown_option_is_named(name: str, stub: HttpStub, tmp_path: Path) -> None:
    options = platform(name).options(stub.url, tmp_path) | {"password": "x"}
    with pytest.raises(InvalidInput) as caught:
        open_backend(name, options, FEATURES, concurrency=1, hosts=Hosts())
    assert [fault.field for fault in caught.value.errors] == ["options.password"]
