"""What is special about watsonx: two token services, serving names, answers with several columns."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.http.client import HttpClient
from app.backends.http.connections import HttpReply
from app.backends.registry import open_backend
from app.core.errors import (
    BackendDown,
    BackendError,
    BackendMissing,
    BackendRefused,
    BackendThrottled,
    BadOutput,
    InvalidInput,
)
from app.core.hosts import Hosts
from tests.backends.platforms import watsonx as wire
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, HttpStub, Request, http_stub, reply
from tests.support.looks import revision_of

IAM: dict[str, JsonValue] = {"username": None, "iam_url": "the stub's"}


class Ibm:
    """Gives ``token`` to whoever asks, ``details`` of the deployment, and ``values`` for any rows."""

    def __init__(self, stub: HttpStub) -> None:
        self.stub = stub
        self.token: Answer | None = None
        self.details = reply(wire.deployed("an-asset", "1"))
        self.values: JsonValue = [[1.5]]
        stub.respond = self.respond

    def respond(self, request: Request) -> Answer:
        if request.path in ("/identity/token", "/icp4d-api/v1/authorize"):
            value = wire.token()
            return self.token or reply({"access_token": value, "token": value})
        if request.method == "GET":
            return self.details
        return reply({"predictions": [{"fields": ["prediction"], "values": self.values}]})

    def asked(self, start: str) -> list[Request]:
        return [request for request in self.stub.requests if request.path.startswith(start)]

    @asynccontextmanager
    async def opened(self, **changes: JsonValue) -> AsyncIterator[Backend]:
        options: dict[str, JsonValue] = {"url": self.stub.url, "username": "ada"}
        options |= {"deployment": wire.DEPLOYMENT, "space_id": "a-space", **changes}
        if options.get("iam_url"):
            options["iam_url"] = self.stub.url
        backend = _open(options, Hosts(f"http://127.0.0.1:{self.stub.server_port}=*"))
        try:
            yield backend
        finally:
            await backend.aclose()


@pytest.fixture
def ibm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ibm]:
    monkeypatch.setenv("WATSONX_API_KEY", "a+key&more")
    with http_stub() as stub:
        yield Ibm(stub)


def _open(options: dict[str, JsonValue], hosts: Hosts) -> Backend:
    return open_backend("watsonx", options, ["a"], concurrency=4, hosts=hosts)


async def test_iam_gets_a_form(ibm: Ibm) -> None:
    async with ibm.opened(**IAM) as backend:
        await backend.predict([[1]], TIMEOUT)
    (request,) = ibm.asked("/identity/token")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    grant = "urn:ibm:params:oauth:grant-type:apikey"
    assert parse_qs(request.body.decode()) == {"grant_type": [grant], "apikey": ["a+key&more"]}


@pytest.mark.parametrize("kind", ["api_key", "password"])
async def test_a_cloud_pak_gets_json(ibm: Ibm, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATSONX_OTHER", "other")
    async with ibm.opened(secret=kind, secret_env="WATSONX_OTHER") as backend:
        await backend.predict([[1]], TIMEOUT)
    (request,) = ibm.asked("/icp4d-api/v1/authorize")
    assert request.json == {"username": "ada", kind: "other"}


async def test_a_token_is_kept_until_it_nears_its_end(ibm: Ibm) -> None:
    for lifetime, fetched in ((100, 1), (0, 3)):
        value = wire.token(lifetime)
        ibm.token = reply({"token": value})
        ibm.stub.requests.clear()
        async with ibm.opened() as backend:
            for _ in range(2):
                await backend.predict([[1]], TIMEOUT)
            await revision_of(backend)
        assert len(ibm.asked("/icp4d-api")) == fetched


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply({"token": "opaque"}), BadOutput),
        (reply({"token": "a.e30.c"}), BadOutput),
        (reply({"token": "a.bnVsbA.c"}), BadOutput),
        (reply({"token": "a.!é.c"}), BadOutput),
        (reply({"token": None}), BadOutput),
        (reply([]), BadOutput),
        (Answer(400, b'{"errorCode":"BXNIM0415E"}'), BackendRefused),
        (Answer(401, b"no"), BackendRefused),
        (reply({"token": f"{wire.token()}\n"}), BackendRefused),
        (reply({"token": f"{wire.token()}é"}), BackendRefused),
        (Answer(302, headers={"Location": "/login"}), BackendRefused),
        (Answer(429, b"", {"Retry-After": "9"}), BackendThrottled),
    ],
)
async def test_a_token_service_that_gives_none(
    ibm: Ibm, answer: Answer, expected: type[BackendError]
) -> None:
    ibm.token = answer
    async with ibm.opened() as backend:
        with pytest.raises(BackendError) as caught:
            await backend.predict([[1]], TIMEOUT)
    assert type(caught.value) is expected
    assert not ibm.asked("/ml")


async def test_several_columns_are_a_list_and_no_list_is_no_answer(ibm: Ibm) -> None:
    ibm.values = [[1, [0.1, 0.9]], ["late"], [], 7, None, [None]]
    async with ibm.opened() as backend:
        outputs = (await backend.predict([[n] for n in range(6)], TIMEOUT)).outputs
    assert outputs[:2] == [[1, [0.1, 0.9]], "late"]
    assert all(isinstance(output, BadOutput) for output in outputs[2:5])
    assert outputs[5] is None


async def test_the_version_is_sent(ibm: Ibm) -> None:
    async with ibm.opened(version="2026-10-14") as backend:
        await backend.predict([[1]], TIMEOUT)
        assert await revision_of(backend) == "an-asset 1"
    scored, looked = ibm.asked("/ml")
    assert scored.path == f"{wire.PATH}/predictions?version=2026-10-14"
    assert looked.path == f"{wire.PATH}?version=2026-10-14&space_id=a-space"


async def test_a_serving_name_is_looked_for_in_its_space(ibm: Ibm) -> None:
    ibm.details = reply({"resources": [wire.deployed("an-asset", None)]})
    async with ibm.opened(deployment="transit_minutes") as backend:
        assert await revision_of(backend) == "an-asset"
        ibm.details = reply({"resources": []})
        with pytest.raises(BackendMissing, match="serving name") as caught:
            await revision_of(backend)
    assert [fault.field for fault in caught.value.errors] == ["options.deployment"]
    looked = ibm.asked("/ml")[0]
    assert (
        looked.path == "/ml/v4/deployments?serving_name=transit_minutes&version=2021-05-01&space_id=a-space"
    )


@pytest.mark.parametrize("details", [{}, {"resources": 7}, {"entity": {"asset": "x"}}, {"entity": None}])
async def test_details_without_an_asset(ibm: Ibm, details: dict[str, JsonValue]) -> None:
    ibm.details = reply(details)
    async with ibm.opened() as backend:
        with pytest.raises(BadOutput):
            await revision_of(backend)


async def test_who_may_not_look_knows_no_revision(ibm: Ibm) -> None:
    ibm.details = wire.wml_error(403, "authorization_rejected", "no")
    async with ibm.opened() as backend:
        assert await revision_of(backend) is None
        ibm.details = wire.wml_error(400, "missing_space", "no")
        with pytest.raises(BackendRefused, match="options"):
            await revision_of(backend)
        ibm.details = wire.wml_error(500, "internal_error", "no")
        with pytest.raises(BackendDown):
            await revision_of(backend)


async def test_a_region_is_ibms_own_and_needs_no_listing(ibm: Ibm, monkeypatch: pytest.MonkeyPatch) -> None:
    urls: list[str] = []

    async def post(self: HttpClient, url: str, *_: object, **__: object) -> HttpReply:
        urls.append(url)
        return HttpReply({"Content-Type": "application/json"}, b'{"predictions": [{"values": [[1]]}]}')

    monkeypatch.setattr(HttpClient, "post", post)
    options: dict[str, JsonValue] = {"deployment": "x", "space_id": "y", "region": "us-south"}
    backend = _open(options, Hosts())
    await backend.predict([[1, 2]], TIMEOUT)
    await backend.aclose()
    assert [urlsplit(url).netloc for url in urls] == ["us-south.ml.cloud.ibm.com"]


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ({}, "options"),
        ({"region": "us-south", "url": "https://a.test"}, "options"),
        ({"region": "us-south", "username": "ada"}, "options"),
        ({"region": "us-south", "secret": "password"}, "options"),
        ({"url": "https://a.test"}, "options"),
        ({"username": "ada"}, "options"),
        ({"url": "https://a.test", "username": "ada", "iam_url": "https://a.test"}, "options"),
        ({"url": "https://a.test", "iam_url": "https://a.test", "secret": "password"}, "options"),
        ({"region": "evil.test/us-south"}, "options.region"),
        ({"region": "us-south.evil"}, "options.region"),
        ({"region": "us-south", "deployment": "../x"}, "options.deployment"),
        ({"region": "us-south", "space_id": "a&b"}, "options.space_id"),
        ({"region": "us-south", "secret_env": "HOME"}, "options.secret_env"),
        ({"region": "us-south", "version": "today"}, "options.version"),
        ({"url": "https://b.test", "username": "ada"}, "options.url"),
        ({"url": "https://a.test", "iam_url": "https://b.test"}, "options.iam_url"),
        ({"url": "https://a.test", "iam_url": "http://a.test"}, "options.iam_url"),
    ],
)
def test_options_that_do_not_fit(ibm: Ibm, place: dict[str, JsonValue], fault: str) -> None:
    options: dict[str, JsonValue] = {"deployment": "x", "space_id": "y", **place}
    with pytest.raises(InvalidInput) as caught:
        _open(options, Hosts("a.test=WATSONX_API_KEY"))
    assert [error.field for error in caught.value.errors] == [fault]


def test_a_secret_that_is_not_there_is_named(ibm: Ibm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATSONX_API_KEY")
    with pytest.raises(BackendRefused, match=re.escape("WATSONX_API_KEY")):
        _open({"deployment": "x", "space_id": "y", "region": "us-south"}, Hosts())
