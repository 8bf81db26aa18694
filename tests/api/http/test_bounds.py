"""What is refused costs little: counts before items, few faults, short places, long bodies in a thread."""

import threading
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import JsonValue, RootModel, TypeAdapter, ValidationError

from app.api.http.bodies import ON_THE_LOOP, StrictRequest
from app.core import strict_json
from app.core.errors import MAX_FAULTS, FieldError, InvalidInput
from app.core.settings import Settings
from app.schemas.faults import MOST_LOOKED_AT, faults_of
from app.schemas.records.records import RecordWrite
from app.services.records import records
from tests.support.app import client_of, running_app
from tests.support.orders import order

ZEROS: list[JsonValue] = [0] * 400_000
LISTS: list[tuple[str, str, JsonValue, str]] = [
    ("POST", "/records", ZEROS, "items"),
    ("POST", "/predict", {"record_ids": ZEROS}, "record_ids"),
    ("POST", "/predict", {"inputs": ZEROS}, "inputs"),
]
FAULTY: list[tuple[str, str, JsonValue]] = [
    ("POST", "/records", [{"id": str(n), "input": {}} for n in range(300)]),
    ("POST", "/records", [0] * 900),
    ("PUT", "/records/a", {f"k{n}": 0 for n in range(300)}),
    ("POST", "/predict", {"model": "none", "inputs": [{f"k{n}": 0 for n in range(300)}]}),
    ("POST", "/predict", {"record_ids": [0] * 1000}),
    ("POST", "/prediction-jobs", {"ids": ZEROS}),
    ("POST", "/prediction-jobs", {"ids": ["\n"] * 500}),
    ("POST", "/evaluations", {"metrics": ZEROS}),
    ("POST", "/models/transit/versions", {"version": "1", "backend": "x", "features": ["x"] * 5000}),
]
KEYS: dict[str, JsonValue] = {f"k{n}": 0 for n in range(20_000)}
VERSION: dict[str, JsonValue] = {"version": "1", "backend": "coreml"}
MEMBERS = "has 20000 members, far more than there are"
CROWDED: list[tuple[str, str, JsonValue, str, str]] = [
    ("PUT", "/records/a", KEYS, "input", MEMBERS),
    ("PUT", "/records/a/label", KEYS, "body", MEMBERS),
    ("POST", "/records", KEYS, "item", MEMBERS),
    ("POST", "/records", {"id": "a", "input": KEYS}, "input", MEMBERS),
    ("POST", "/records", [{"id": "a", "input": KEYS}], "items[0].input", MEMBERS),
    ("POST", "/records", [{"id": "a", **KEYS}], "items[0]", "has 20001 members, far more than there are"),
    ("POST", "/models/transit/versions", KEYS, "body", MEMBERS),
    ("POST", "/models/transit/promote", KEYS, "body", MEMBERS),
    ("POST", "/models/transit/versions", VERSION | {"options": KEYS}, "options", "at most 100 items"),
    (
        "POST",
        "/models/transit/versions",
        VERSION | {"options": {"file": [0] * 50_000}},
        "options",
        "at most 100000",
    ),
    ("POST", "/models/transit/versions", VERSION | {"features": [*KEYS]}, "features", "at most 10000 items"),
    ("POST", "/evaluations", KEYS, "body", MEMBERS),
    ("POST", "/evaluations", {"where": KEYS}, "where", "at most 100 items"),
    ("POST", "/prediction-jobs", {"where": KEYS}, "where", "at most 100 items"),
    (
        "PUT",
        "/models/transit/evaluation-schedule",
        {"cron": "0 6 * * 1", "where": KEYS},
        "where",
        "at most 100",
    ),
]


@pytest.mark.parametrize(("method", "url", "body", "name", "message"), CROWDED)
async def test_members_are_counted_before_they_are_looked_at(
    client: httpx.AsyncClient, method: str, url: str, body: JsonValue, name: str, message: str
) -> None:
    response = await client.request(method, url, json=body)
    assert response.status_code == 422
    [fault] = response.json()["errors"]
    assert fault["field"] == name
    assert message in fault["message"]


@pytest.mark.parametrize(("method", "url", "body", "name"), LISTS)
async def test_a_count_is_looked_at_before_the_items(
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    url: str,
    body: JsonValue,
    name: str,
) -> None:
    def validated(*_: object) -> None:
        raise AssertionError("the items were looked at")

    monkeypatch.setattr(TypeAdapter, "validate_python", validated)
    response = await client.request(method, url, json=body)
    assert response.status_code == 422
    fault = {"field": name, "message": "must have at most 1000 items, has 400000"}
    assert response.json()["errors"] == [fault]


@pytest.mark.parametrize(("method", "url", "body"), FAULTY)
async def test_few_faults_are_listed(
    client: httpx.AsyncClient, method: str, url: str, body: JsonValue
) -> None:
    response = await client.request(method, url, json=body)
    text = response.text
    assert len(text) < 30_000
    assert response.status_code in (200, 422)  # 200: a status per item
    problem = response.json() if response.status_code == 422 else response.json()["items"][0]["problem"]
    assert 1 <= len(problem["errors"]) <= MAX_FAULTS
    if len(problem["errors"]) == MAX_FAULTS:
        assert problem["detail"].endswith("Only the first 100 faults are listed.")
    else:
        assert "faults, too many to be listed" in problem["errors"][0]["message"]


async def test_all_items_together_list_few_faults(client: httpx.AsyncClient) -> None:
    inputs: JsonValue = [{f"k{n}": 0 for n in range(60)}] * 5
    items = (await client.post("/predict", json={"model": "none", "inputs": inputs})).json()["items"]
    assert [len(item["problem"]["errors"]) for item in items] == [68, 32, 1, 1, 1]


@pytest.mark.parametrize("url", ["/records/a", "/records", "/predict", "/evaluations"])
@pytest.mark.parametrize("deep", [False, True])
async def test_a_long_key_is_not_repeated(client: httpx.AsyncClient, url: str, *, deep: bool) -> None:
    key = "k" * 100_000
    body: JsonValue = {"input": {key: [0] * 10_000}} if deep else {key: [0] * 10_000}
    response = await client.request("PUT" if url.endswith("a") else "POST", url, json=body)
    assert response.status_code == 422
    assert len(response.text) < 1000
    assert "200 characters" in response.json()["detail"]


def test_a_path_is_made_only_where_there_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(location: list[str | int], path: str = "") -> str:
        made.append(path)
        return f"{path}{location}"

    monkeypatch.setattr(strict_json, "dotted", counted)
    strict_json.check({"long": [[0] * 1000] * 10})
    assert made == []
    with pytest.raises(InvalidInput, match=r"\['long', 1, 0\]: a number must be finite"):
        strict_json.check({"long": [[0] * 1000, [float("nan")]]})
    assert len(made) == 1


def test_a_place_is_short() -> None:
    with pytest.raises(InvalidInput) as caught:
        strict_json.check({"k" * 150: {"x": [float("inf")]}}, "input")
    assert caught.value.errors[0].field == f"input.{'k' * 100}....x[0]"


@pytest.mark.parametrize("value", [[0] * 1_000_001, {"a": [[0] * 1000] * 1001}])
def test_more_values_than_a_caller_may_send(value: JsonValue) -> None:
    with pytest.raises(InvalidInput, match="more than 1000000 values"):
        strict_json.require_bounds(value)
    strict_json.require_bounds([0] * 1_000_000)


@pytest.mark.parametrize("size", [10, ON_THE_LOOP + 1])
async def test_a_long_body_is_read_in_a_thread(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    threads: list[threading.Thread] = []
    read = StrictRequest.parse

    def noted(request: StrictRequest, body: bytes) -> JsonValue:
        threads.append(threading.current_thread())
        return read(request, body)

    monkeypatch.setattr(StrictRequest, "parse", noted)
    body = [RecordWrite(id="a" * 10, input=order()).model_dump()]
    content = TypeAdapter(list[dict[str, JsonValue]]).dump_json(body) + b" " * size
    response = await client.post("/records", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 200
    [thread] = threads
    assert (thread is threading.main_thread()) == (size < ON_THE_LOOP)


class Never(RootModel[list[bytes]]):
    """Chunks that are not to be sent."""

    async def chunks(self) -> AsyncIterator[bytes]:
        for chunk in self.root:
            yield chunk
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    ("method", "url"), [("POST", "/records"), ("PUT", "/records/a"), ("POST", "/records/import?format=csv")]
)
@pytest.mark.parametrize("length", ["1025", "9" * 5000])
async def test_what_is_announced_too_long_is_not_read(
    settings: Settings, method: str, url: str, length: str
) -> None:
    small = settings.model_copy(update={"max_body_bytes": 1024, "max_import_bytes": 1024})
    headers = {"Content-Length": length, "Content-Type": "application/json"}
    async with running_app(small) as app, client_of(app) as client:
        response = await client.request(method, url, content=Never([]).chunks(), headers=headers)
    assert response.status_code == 413
    assert "1024 bytes" in response.json()["detail"]


async def test_records_are_looked_at_until_enough_faults_are_found(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []

    def refused(_: object, __: JsonValue, *, path: str) -> None:
        looked_at.append(path)
        raise InvalidInput("No.", errors=[FieldError(path, "is none")])

    monkeypatch.setattr(records, "normalise", refused)
    body: JsonValue = [{"id": str(number), "input": {}} for number in range(1000)]
    response = await client.post("/records", json=body)
    assert len(response.json()["errors"]) == MAX_FAULTS
    assert len(looked_at) == MAX_FAULTS + 1


@pytest.mark.parametrize("count", [MOST_LOOKED_AT, MOST_LOOKED_AT + 1])
def test_very_many_faults_are_one(count: int) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(list[str]).validate_python([0] * count)
    found = faults_of(caught.value, "items")
    if count > MOST_LOOKED_AT:
        assert found == [FieldError("items", "has 10001 faults, too many to be listed")]
    else:
        assert (len(found), found[-1].field) == (count, "items[9999]")


def test_the_bound_of_faults_is_a_bound() -> None:
    assert MAX_FAULTS < MOST_LOOKED_AT
    many = InvalidInput("No.", errors=[*map(_fault, range(MAX_FAULTS + 1))])
    assert (len(many.errors), many.detail) == (MAX_FAULTS, "No. Only the first 100 faults are listed.")


def _fault(number: int) -> FieldError:
    return FieldError(f"items[{number}]", "is none")
