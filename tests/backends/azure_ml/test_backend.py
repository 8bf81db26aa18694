"""What is Azure ML's own: the bodies and answers of scoring scripts, and the probe."""

import json
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from pydantic import JsonValue
from structlog.typing import EventDict

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendDown, BackendError, BackendRefused, BadOutput, InvalidInput
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, HttpStub, http_stub, reply
from tests.support.looks import revision_of

FEATURES = ("a", "b")

Open = Callable[..., Backend]
ROWS: list[Row] = [[1, 0.5], [2, None]]


@pytest.fixture
def stub() -> Iterator[HttpStub]:
    with http_stub() as server:
        server.respond = lambda request: reply([1.5, 2.5])
        yield server


@pytest.fixture
async def opened(stub: HttpStub, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    """Opens the backend with more options, and closes it at the end."""
    monkeypatch.setenv("AZURE_ML_KEY", "a-key")
    backends: list[Backend] = []

    def open_one(**more: JsonValue) -> Backend:
        options = {"scoring_url": f"{stub.url}/api/score", "key_env": "AZURE_ML_KEY", **more}
        hosts = Hosts(f"http://127.0.0.1:{stub.server_port}=*")
        backends.append(open_backend("azure_ml", options, FEATURES, concurrency=4, hosts=hosts))
        return backends[-1]

    yield open_one
    for backend in backends:
        await backend.aclose()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("split", {"input_data": {"columns": ["a", "b"], "index": [0, 1], "data": ROWS}}),
        ("input_data", {"input_data": ROWS}),
        ("data", {"data": ROWS}),
    ],
)
async def test_each_body(opened: Open, stub: HttpStub, body: str, expected: JsonValue) -> None:
    await opened(body=body).predict(ROWS, TIMEOUT)
    (request,) = stub.requests
    assert request.json == expected
    assert "azureml-model-deployment" not in request.headers


@pytest.mark.parametrize(
    ("answer", "kind", "key"),
    [
        ([1.5, 2.5], "application/json", None),
        ({"predictions": [1.5, 2.5]}, "application/json", None),
        ({"result": [1.5, 2.5], "model": "x"}, "application/json", "result"),
        (json.dumps([1.5, 2.5]), "application/json", None),
        (json.dumps({"result": [1.5, 2.5]}), "application/json", "result"),
        ([1.5, 2.5], "text/html; charset=utf-8", None),
        ({"result": [1.5, 2.5]}, "text/html; charset=utf-8", "result"),
    ],
)
async def test_what_scripts_answer(
    opened: Open, stub: HttpStub, answer: JsonValue, kind: str, key: str | None
) -> None:
    stub.respond = lambda request: Answer(body=json.dumps(answer).encode(), headers={"Content-Type": kind})
    assert (await opened(answer_key=key).predict(ROWS, TIMEOUT)).outputs == [1.5, 2.5]


@pytest.mark.parametrize(
    "answer",
    [
        b"[1.5, 2.5]",
        b'{"predictions": [1.5, 2.5]}',
        b'{"result": [1.5]}',
        b'{"result": 1.5}',
        b'{"result": {"a": 1, "b": 2}}',
        b'"could not convert string to float"',
        b'"\\ud800"',
        b'"cut',
    ],
)
async def test_no_list_under_the_answer_key(opened: Open, stub: HttpStub, answer: bytes) -> None:
    stub.respond = lambda request: Answer(body=answer, headers={"Content-Type": "application/json"})
    with pytest.raises(BadOutput):
        await opened(answer_key="result").predict(ROWS, TIMEOUT)


async def test_nan_under_the_answer_key_spoils_its_own_row_only(opened: Open, stub: HttpStub) -> None:
    stub.respond = lambda request: reply({"result": [float("nan"), 2.5]})
    first, second = (await opened(answer_key="result").predict(ROWS, TIMEOUT)).outputs
    assert isinstance(first, BadOutput)
    assert second == 2.5


async def test_the_limit_holds_for_many_rows(opened: Open, stub: HttpStub) -> None:
    backend = opened(max_bytes=2000, max_rows=100_000)
    rows: list[Row] = []
    while sum(map(backend.row_bytes, [*rows, [1, 2]])) <= backend.limits.bytes:
        rows.append([1, 2])
    stub.respond = lambda request: reply([1] * len(rows))
    await backend.predict(rows, TIMEOUT)
    assert 1000 < len(stub.requests[0].body) <= 2000


async def test_the_limit_holds_for_one_long_row(opened: Open, stub: HttpStub) -> None:
    backend = opened(max_bytes=2000)
    text = "x" * (backend.limits.bytes - backend.row_bytes(["", 1]))
    stub.respond = lambda request: reply([1])
    await backend.predict([[text, 1]], TIMEOUT)
    assert 1900 < len(stub.requests[0].body) <= 2000


@pytest.mark.parametrize(
    ("options", "revision"),
    [
        ({"deployment": "blue", "version": "7"}, "blue 7"),
        ({"deployment": "blue"}, "blue"),
        ({"version": "7"}, "7"),
        ({}, None),
    ],
)
async def test_the_revision_is_what_was_configured(
    opened: Open, stub: HttpStub, options: dict[str, JsonValue], revision: str | None
) -> None:
    assert await revision_of(opened(**options)) == revision
    (request,) = stub.requests
    assert (request.method, request.path) == ("GET", "/api/swagger.json")
    assert request.headers.get("azureml-model-deployment") == options.get("deployment")
    assert request.headers["authorization"] == "Bearer a-key"


def of_model(status: int) -> Answer:
    return Answer(424, b"", {"ms-azureml-model-error-statuscode": str(status)})


@pytest.mark.parametrize("status", [400, 404, 405, 500])
async def test_a_container_without_a_description_is_up(
    opened: Open, stub: HttpStub, status: int, logs: list[EventDict]
) -> None:
    stub.respond = lambda request: of_model(status)
    assert await revision_of(opened(version="7")) == "7"
    assert {line["log_level"] for line in logs} <= {"debug"}  # it is asked again and again


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (of_model(503), BackendDown),
        (of_model(502), BackendDown),
        (of_model(504), BackendDown),
        (Answer(424), BackendDown),
        (Answer(500), BackendDown),
        (Answer(401), BackendRefused),
        (Answer(404), BackendRefused),  # none takes traffic
        (Answer(reset=True), BackendDown),
    ],
)
async def test_the_probe_tells_when_nothing_would_answer(
    opened: Open, stub: HttpStub, answer: Answer, expected: type[BackendError]
) -> None:
    stub.respond = lambda request: answer
    with pytest.raises(BackendError) as caught:
        await revision_of(opened(version="7"))
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    "option",
    [
        {"scope": "https://management.azure.com/.default"},  # good for more than scoring
        {"key_env": "AZURE_CLIENT_SECRET"},
        {"deployment": "blue\r\nx: y"},
        {"body": "records"},
    ],
)
def test_options_that_are_wrong(opened: Open, option: dict[str, JsonValue]) -> None:
    with pytest.raises(InvalidInput) as caught:
        opened(**option)
    assert [fault.field for fault in caught.value.errors] == [f"options.{name}" for name in option]
