"""What is Vertex AI's alone: two addresses, parameters, and what is deployed."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.backends.base import Backend, TakesPayloads
from app.backends.http.client import HttpClient
from app.backends.http.connections import HttpReply
from app.backends.registry import open_backend
from app.core.errors import BackendDown, BackendError, BackendMissing, BackendRefused, InvalidInput
from app.core.hosts import Hosts
from app.schemas.payloads import Payload
from tests.backends.platforms.vertex import DEPLOYED, NAME, PLATFORM, error
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, HttpStub, Request, http_stub, reply
from tests.support.looks import revision_of, told

FEATURES = ("a", "b")


@dataclass
class Google:
    """A stand-in for the API and the token server; ``resource`` takes the place of what is deployed."""

    stub: HttpStub
    folder: Path
    resource: Answer | None = None

    def respond(self, request: Request) -> Answer:
        if request.method == "GET" and self.resource:
            return self.resource
        return PLATFORM.other(request) or PLATFORM.reply([1.5])

    def open(self, **changes: JsonValue) -> Backend:
        options = PLATFORM.options(self.stub.url, self.folder) | changes
        hosts = Hosts(f"{self.stub.url}=*,http://localhost:{self.stub.server_port}=*")
        return open_backend("vertex", options, FEATURES, concurrency=4, hosts=hosts)

    def asked(self, end: str) -> list[Request]:
        return [request for request in self.stub.requests if request.path.endswith(end)]


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    with http_stub() as stub:
        for name, value in PLATFORM.environment(stub.url, tmp_path).items():
            monkeypatch.setenv(name, value)
        platform = Google(stub, tmp_path)
        stub.respond = platform.respond
        yield platform


@pytest.fixture
async def backend(platform: Google) -> AsyncIterator[Backend]:
    opened = platform.open()
    yield opened
    await opened.aclose()


async def test_a_reply_and_the_resource_name_one_revision(backend: Backend) -> None:
    reply = await backend.predict([[1, 2]], TIMEOUT)
    assert await revision_of(backend) == reply.revision == PLATFORM.revision


async def test_a_reply_is_parsed_once(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    await backend.predict([[1, 2]], TIMEOUT)  # a token
    parsed: list[str] = []
    loads = json.loads

    def counted(text: str) -> JsonValue:
        parsed.append(text)
        value: JsonValue = loads(text)
        return value

    monkeypatch.setattr(json, "loads", counted)
    assert (await backend.predict([[1, 2]], TIMEOUT)).outputs == [1.5]
    assert len(parsed) == 1


@pytest.mark.parametrize(
    "resource",
    [
        reply({"name": NAME}),
        reply({"name": NAME, "deployedModels": [{"id": "6655443322"}]}),
        reply({"name": NAME, "deployedModels": [DEPLOYED, {"id": "2"}]}),
        error(403, "PERMISSION_DENIED", "Permission 'aiplatform.endpoints.get' denied."),
    ],
    ids=["none", "no version", "one of two without a version", "no permission"],
)
async def test_a_revision_may_be_unknown(platform: Google, backend: Backend, resource: Answer) -> None:
    platform.resource = resource
    assert await backend.look() is None


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ({"1": 90, "2": 10}, {"1", "2"}),
        ({"1": 0, "2": 100}, {"2"}),
        ({"2": 100}, {"2"}),
        ({}, {"1", "2"}),  # it does not say
        (None, {"1", "2"}),
    ],
)
async def test_all_models_that_take_traffic_are_in_service(
    platform: Google, backend: Backend, split: JsonValue, expected: set[str]
) -> None:
    models: JsonValue = [DEPLOYED | {"id": name} for name in ("1", "2")]
    platform.resource = reply({"name": NAME, "deployedModels": models, "trafficSplit": split})
    found = await backend.look()
    assert found is not None
    assert {revision.rpartition(" ")[2] for revision in found.revisions} == expected
    assert not found.pending


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (error(401, "UNAUTHENTICATED", "Invalid credentials."), BackendRefused),
        (error(404, "NOT_FOUND", "The Endpoint does not exist."), BackendMissing),
        (Answer(404, b"<html>"), BackendRefused),
        (error(500, "INTERNAL", "Failed."), BackendDown),
        (error(503, "UNAVAILABLE", "The service is currently unavailable."), BackendDown),
        (error(400, "INVALID_ARGUMENT", "No such endpoint."), BackendRefused),
    ],
)
async def test_a_look_that_fails_says_so(
    platform: Google, backend: Backend, resource: Answer, expected: type[BackendError]
) -> None:
    platform.resource = resource
    with pytest.raises(expected):
        await revision_of(backend)


async def test_rows_go_to_the_dedicated_address_and_looks_to_the_api(platform: Google) -> None:
    dedicated = f"localhost:{platform.stub.server_port}"
    backend = platform.open(dedicated_url=f"http://{dedicated}")
    await backend.predict([[1, 2]], TIMEOUT)
    await revision_of(backend)
    (predicted,), (looked,) = platform.asked(":predict"), platform.asked(f"/v1/{NAME}")
    assert predicted.headers["host"] == dedicated
    assert looked.headers["host"] == platform.stub.url.removeprefix("http://")
    await backend.aclose()


async def test_a_dedicated_address_has_to_be_allowed(platform: Google) -> None:
    with pytest.raises(InvalidInput) as caught:
        platform.open(dedicated_url="https://1234567890.europe-west4-1029384756.prediction.vertexai.goog")
    assert [fault.field for fault in caught.value.errors] == ["options.dedicated_url"]


async def test_a_body_fits_the_address_it_goes_to(platform: Google, backend: Backend) -> None:
    wide = platform.open(dedicated_url=platform.stub.url)
    around = len('{"instances":[]}')
    assert (backend.limits.bytes, wide.limits.bytes) == (1_500_000 - around, 10_000_000 - around)
    await wide.aclose()


async def test_parameters_go_beside_the_rows(platform: Google) -> None:
    backend = platform.open(parameters={"trees": 10})
    await backend.predict([[1, None]], TIMEOUT)
    assert platform.asked(":predict")[0].json == {"instances": [[1, None]], "parameters": {"trees": 10}}
    await backend.aclose()


async def test_rows_may_be_objects(platform: Google) -> None:
    backend = platform.open(instances="objects")
    await backend.predict([[1, None]], TIMEOUT)
    assert platform.asked(":predict")[0].json == {"instances": [{"a": 1, "b": None}]}
    await backend.aclose()


async def test_a_header_says_which_deployed_model_took_a_payload(platform: Google, backend: Backend) -> None:
    found = await backend.look()
    assert found is not None
    ((name, revision),) = found.variants.items()
    headers = {"Content-Type": "application/json", "x-vertex-ai-deployed-model-id": name}
    seen = Answer(body=b'{"label": "cat"}', headers=headers)
    platform.stub.respond = lambda request: PLATFORM.other(request) or seen
    assert isinstance(backend, TakesPayloads)
    given = await backend.predict_payload(Payload(b"x", "image/png"), TIMEOUT)
    assert (told(given, found), given.outputs) == (revision, [{"label": "cat"}])
    (sent,) = platform.asked(":rawPredict")
    assert (sent.body, sent.headers["content-type"]) == (b"x", "image/png")


async def test_google_needs_no_listing(platform: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    urls: list[str] = []

    async def call(self: HttpClient, url: str, *_: object) -> HttpReply:
        urls.append(url)
        answer = PLATFORM.reply([1.5])
        return HttpReply(answer.headers, answer.body)

    monkeypatch.setattr(HttpClient, "post", call)
    monkeypatch.setattr(HttpClient, "get", call)
    backend = platform.open(api_url=None)
    await backend.predict([[1, 2]], TIMEOUT)
    await revision_of(backend)
    resource = f"https://europe-west4-aiplatform.googleapis.com/v1/{NAME}"
    assert urls == [f"{resource}:predict", resource]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("location", "evil.example/europe-west4"),
        ("location", "europe-west4.evil.example"),
        ("location", "europe-west4\n"),
        ("project", "../../v1beta1"),
        ("project", "a/b"),
        ("endpoint_id", "1/2"),
        ("endpoint_id", "1?x"),
        ("endpoint_id", ""),
    ],
)
async def test_no_option_leads_elsewhere(platform: Google, option: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        platform.open(**{option: value})
    assert [fault.field for fault in caught.value.errors] == [f"options.{option}"]
