"""A version on every platform that is called over HTTP: registered, asked, cached; nothing secret is told."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import JsonValue

from app.aws import session
from app.core.settings import Settings
from tests.backends.platforms import FEATURES, REMOTE_NAMES, SECRET, Remote, remote
from tests.support.app import client_of, running_app
from tests.support.http_stub import Answer, HttpStub, Request, http_stub
from tests.support.orders import order
from tests.support.use_case import changed

ROW = [1.5, 1]
EXPECTED = 16.0
TWO_FEATURES = changed(FEATURES=FEATURES, preprocess=lambda items: [ROW for _ in items])


@pytest.fixture
def stub() -> Iterator[HttpStub]:
    with http_stub() as server:
        yield server


@pytest.fixture(params=REMOTE_NAMES)
def platform(
    request: pytest.FixtureRequest, stub: HttpStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Remote]:
    platform = remote(request.param)
    for name, value in platform.environment(stub.url, tmp_path).items():
        monkeypatch.setenv(name, value)

    def respond(request: Request) -> Answer:
        return platform.other(request) or platform.reply([EXPECTED for _ in platform.rows(request)])

    stub.respond = respond
    session.cache_clear()
    yield platform
    session.cache_clear()


@pytest.fixture
async def client(settings: Settings, stub: HttpStub, platform: Remote) -> AsyncIterator[httpx.AsyncClient]:
    changes = {"backend_hosts": f"{stub.url}=*", "failure_hold": 0}
    changed_settings = settings.model_copy(update=changes)
    async with running_app(changed_settings, TWO_FEATURES) as app, client_of(app) as client:
        yield client


def predictions(stub: HttpStub, platform: Remote) -> list[Request]:
    return [request for request in stub.requests if platform.other(request) is None]


@pytest.fixture
def version(
    request: pytest.FixtureRequest, platform: Remote, stub: HttpStub, tmp_path: Path
) -> dict[str, JsonValue]:
    """What is registered, named by the platform."""
    return {
        "version": "1",
        "backend": request.node.callspec.params["platform"],
        "options": platform.options(stub.url, tmp_path),
        "features": list[JsonValue](FEATURES),
        "promote": True,
    }


async def test_a_version_is_chosen_by_name_and_options(
    client: httpx.AsyncClient, platform: Remote, stub: HttpStub, version: dict[str, JsonValue]
) -> None:
    registered = await client.post("/models/transit/versions", json=version)
    assert registered.status_code == 201, registered.text
    await client.put("/records/a", json=order(1.5))
    first, again = [await client.post("/predict/a?model=transit") for _ in range(2)]
    assert (first.json()["prediction"], first.json()["cached"]) == (EXPECTED, False)
    assert (again.json()["prediction"], again.json()["cached"]) == (EXPECTED, True)
    (asked,) = predictions(stub, platform)
    assert [[float(str(cell)) for cell in row] for row in platform.rows(asked)] == [ROW]
    told = [registered.text, first.text, (await client.get("/models")).text]
    assert not [secret for secret in platform.secrets if secret in "".join(told)]


async def test_what_goes_wrong_is_a_problem_and_is_not_kept(
    client: httpx.AsyncClient, platform: Remote, stub: HttpStub, version: dict[str, JsonValue]
) -> None:
    await client.post("/models/transit/versions", json=version)
    await client.put("/records/a", json=order(1.5))
    healthy = stub.respond
    page = Answer(body=b"<html>secret</html>", headers={"Content-Type": "text/html"})
    stub.respond = lambda request: platform.other(request) or page
    failed = await client.post("/predict/a?model=transit")
    assert failed.status_code == 502
    assert failed.json()["type"].endswith("bad-output")
    assert "secret" not in failed.text
    assert (await client.get("/predictions?record_id=a")).json()["items"] == []
    stub.respond = healthy
    assert (await client.post("/predict/a?model=transit")).json()["prediction"] == EXPECTED


async def test_what_the_platform_does_not_have_is_refused_at_registration(
    client: httpx.AsyncClient, platform: Remote, stub: HttpStub, version: dict[str, JsonValue]
) -> None:
    healthy = stub.respond
    stub.respond = lambda request: platform.unknown(request) or healthy(request)
    refused = await client.post("/models/transit/versions", json=version)
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("invalid-input")
    (fault,) = refused.json()["errors"]
    assert fault["field"] == f"options.{platform.named}"
    assert fault["message"] in refused.json()["detail"]
    assert SECRET not in refused.text
    assert (await client.get("/models/transit")).status_code == 404
    stub.respond = healthy
    assert (await client.post("/models/transit/versions", json=version)).status_code == 201


@pytest.mark.parametrize("answer", [Answer(403), Answer(429), Answer(503), Answer(reset=True)])
async def test_who_may_not_look_or_finds_nobody_registers(
    client: httpx.AsyncClient, stub: HttpStub, version: dict[str, JsonValue], answer: Answer
) -> None:
    stub.respond = lambda _: answer
    assert (await client.post("/models/transit/versions", json=version)).status_code == 201
