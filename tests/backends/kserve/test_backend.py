"""What is KServe's own: two protocols, versions and logins."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import pytest
from pydantic import JsonValue

from app.backends.base import Backend, Deployed
from app.backends.registry import open_backend
from app.core.errors import (
    BackendDown,
    BackendError,
    BackendMissing,
    BackendRefused,
    BackendThrottled,
    InvalidInput,
)
from app.core.hosts import Hosts
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, HttpStub, http_stub, reply
from tests.support.looks import revision_of

FEATURES = ("a", "b")
HOST = "m.ns.example.com"


@pytest.fixture
def stub() -> Iterator[HttpStub]:
    with http_stub() as server:
        yield server


@asynccontextmanager
async def opened(stub: HttpStub, **options: JsonValue) -> AsyncIterator[Backend]:
    chosen = {"url": stub.url, "model": "m"} | options
    hosts = Hosts(f"{stub.url}=*,http://{HOST}=*")
    backend = open_backend("kserve", chosen, FEATURES, concurrency=2, hosts=hosts)
    yield backend
    await backend.aclose()


def answer(version: str | None = None) -> Answer:
    """A good answer for one row."""
    tensor: dict[str, JsonValue] = {"name": "out", "shape": [1], "datatype": "FP64", "data": [0.5]}
    return reply({"model_name": "m", "model_version": version, "id": "1", "outputs": [tensor]})


async def test_the_options_on_tensors_reach_them(stub: HttpStub) -> None:
    stub.script(answer())
    async with opened(stub, tensors="per_feature", null_as=-1, output="out") as backend:
        assert backend.row_bytes([1, None]) == len("1,-1,")
        assert (await backend.predict([[1, None]], TIMEOUT)).outputs == [0.5]
    (request,) = stub.requests
    assert request.path == "/v2/models/m/infer"
    tensors: list[JsonValue] = [
        {"name": "a", "shape": [1, 1], "datatype": "INT64", "data": [1]},
        {"name": "b", "shape": [1, 1], "datatype": "INT64", "data": [-1]},
    ]
    assert request.json == {"inputs": tensors, "outputs": [{"name": "out"}]}


async def test_v1_sends_rows_with_their_nulls(stub: HttpStub) -> None:
    stub.script(reply({"predictions": [1.5, [2.5, "x"]]}))
    async with opened(stub, protocol="v1", model="a/b", version="7") as backend:
        found = await backend.predict([[1, None], ["x", True]], TIMEOUT)
        assert await revision_of(backend) == "7"
    assert (found.outputs, found.revision) == ([1.5, [2.5, "x"]], "7")
    call, probe = stub.requests
    assert (call.method, call.path) == ("POST", "/v1/models/a%2Fb:predict")
    assert call.json == {"instances": [[1, None], ["x", True]]}
    assert (probe.method, probe.path) == ("GET", "/v1/models/a%2Fb")


@pytest.mark.parametrize(
    ("said", "configured", "expected"),
    [("2", None, "2"), ("2", "1", "2"), (None, "1", "1"), ("", "1", "1"), (None, None, None)],
)
async def test_the_version_of_a_reply_comes_before_the_configured_one(
    stub: HttpStub, said: str | None, configured: str | None, expected: str | None
) -> None:
    stub.script(answer(said))
    async with opened(stub, version=configured) as backend:
        assert (await backend.predict([[1, 2]], TIMEOUT)).revision == expected


@pytest.mark.parametrize(
    ("versions", "configured", "expected"),
    [(["3"], None, "3"), (["3"], "7", "7"), (["3", "4"], None, "3 4"), ([], None, None), (None, None, None)],
)
async def test_the_revisions_are_the_configured_one_or_all_versions_and_may_be_some_of_more(
    stub: HttpStub, versions: JsonValue, configured: str | None, expected: str | None
) -> None:
    stub.script(
        Answer(), reply({"name": "m", "platform": "", "versions": versions})
    )  # MLServer's ready is empty
    async with opened(stub, version=configured) as backend:
        found = await backend.look()
    assert found == (Deployed(frozenset(expected.split()), partial=True) if expected else None)
    paths = [request.path for request in stub.requests]
    assert paths == ["/v2/models/m/ready", "/v2/models/m"][: 1 if configured else 2]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BackendThrottled), (503, BackendThrottled), (500, BackendDown), (422, BackendRefused)],
)
async def test_a_model_that_is_not_ready_has_no_revision(
    stub: HttpStub, status: int, kind: type[BackendError]
) -> None:
    stub.script(Answer(status))
    async with opened(stub, version="7") as backend:
        with pytest.raises(BackendError) as caught:
            await revision_of(backend)
    assert type(caught.value) is kind
    assert "rows" not in caught.value.detail


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b'{"error": "Model with name m does not exist."}', BackendMissing),
        (b'{"error": "Model m not found"}', BackendMissing),
        (b'{"error": "Request for unknown model: \'m\' is not found"}', BackendMissing),
        (b'{"error": "some path is not found"}', BackendRefused),
        (b'{"error": {"m": 1}}', BackendRefused),
        (b'{"detail": "Not Found: m"}', BackendRefused),
        (b'["m"]', BackendRefused),
        (b"[" * 100_000, BackendRefused),
        (b"\xff", BackendRefused),
        (b"", BackendRefused),
    ],
)
@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_a_model_is_missing_where_the_server_names_it(
    stub: HttpStub, protocol: str, said: bytes, kind: type[BackendError]
) -> None:
    """Anything else is an ingress' 404, or another server's."""
    stub.script(Answer(404, said))
    async with opened(stub, protocol=protocol) as backend:
        for asked in (revision_of(backend), backend.predict([[1, 2]], TIMEOUT)):
            with pytest.raises(BackendError) as caught:
                await asked
            assert type(caught.value) is kind


async def test_a_session_and_a_host_go_with_every_call(
    stub: HttpStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KSERVE_COOKIE", "authservice_session=abc")
    stub.script(Answer(), answer())
    async with opened(stub, cookie_env="KSERVE_COOKIE", host=HOST, version="7") as backend:
        await revision_of(backend)
        await backend.predict([[1, 2]], TIMEOUT)
    for request in stub.requests:
        assert request.headers["cookie"] == "authservice_session=abc"
        assert request.headers["host"] == HOST
        assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"protocol": "v1", "null_as": 0, "output": "x"}, "options"),
        ({"token_env": "KSERVE_A", "cookie_env": "KSERVE_B"}, "options"),
        ({"token_env": "AWS_SECRET_ACCESS_KEY"}, "options.token_env"),
        ({"cookie_env": "PATH"}, "options.cookie_env"),
        ({"host": "a\r\nX: y"}, "options.host"),
        ({"host": "a/b"}, "options.host"),
        ({"host": "a:99999"}, "options.host"),
        ({"host": "a..b"}, "options.host"),
        ({"host": "other.example.com"}, "options.host"),
        ({"model": ""}, "options.model"),
    ],
    ids=str,
)
async def test_options_that_do_not_fit_are_named(
    stub: HttpStub, options: Mapping[str, JsonValue], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        async with opened(stub, **options):
            pass
    assert [error.field for error in caught.value.errors] == [field]


@pytest.mark.parametrize(
    ("url", "ingress", "host", "entry", "other"),
    [
        ("http://in.test:8080", "http://in.test:8080", "m.test", "http://m.test", "m.test"),
        ("http://in.test", "http://in.test", "m.test:81", "http://m.test:81", "m.test:81"),
        ("https://in.test", "in.test", "m.test", "m.test", "http://m.test"),
        ("https://in.test", "in.test", "m.test:444", "m.test:444", "http://m.test:444"),
        ("HTTP://in.test", "http://in.test", "m.test", "http://m.test:80", "m.test"),
    ],
)
async def test_the_service_behind_an_ingress_has_to_be_listed_too(
    url: str, ingress: str, host: str, entry: str, other: str
) -> None:
    options = {"url": url, "host": host, "model": "m"}
    for listed in (ingress, f"{ingress},{other}"):
        with pytest.raises(InvalidInput) as caught:
            open_backend("kserve", options, FEATURES, concurrency=1, hosts=Hosts(listed))
        (error,) = caught.value.errors
        assert error.field == "options.host"
        assert error.message.endswith(f" must list {entry.removesuffix(':80')}")
    hosts = Hosts(f"{ingress},{entry}")
    await open_backend("kserve", options, FEATURES, concurrency=1, hosts=hosts).aclose()
