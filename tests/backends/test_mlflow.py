"""What is special to MLflow; the rest is in test_conformance.py."""

import json

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendDown, BackendMissing, BackendRefused, BadOutput, InvalidInput
from app.core.hosts import Hosts
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, HttpStub, reply
from tests.support.looks import revision_of

PING = Answer(body=b"\n")


def opened(stub: HttpStub, **options: JsonValue) -> Backend:
    values = {"url": stub.url} | options
    hosts = Hosts(f"http://127.0.0.1:{stub.server_port}=*")
    return open_backend("mlflow", values, ["a", "b"], concurrency=2, hosts=hosts)


def behind_alias(stub: HttpStub) -> Backend:
    return opened(stub, registry_url=stub.url, registered_model="transit time", alias="champion")


async def test_inputs_are_the_bare_matrix(stub: HttpStub) -> None:
    stub.script(reply({"predictions": [[0.1, 0.9], {"label": "x"}]}))
    backend = opened(stub, body="inputs")
    assert (await backend.predict([[1, None], [2.5, "x"]], TIMEOUT)).outputs == [[0.1, 0.9], {"label": "x"}]
    assert json.loads(stub.requests[0].body) == {"inputs": [[1, None], [2.5, "x"]]}
    await backend.aclose()


async def test_the_revision_is_the_configured_version_of_a_server_that_answers(stub: HttpStub) -> None:
    backend = opened(stub, version="7")
    assert await revision_of(backend) == "7"
    assert [request.path for request in stub.requests] == ["/ping"]
    stub.script(Answer(503))
    with pytest.raises(BackendDown):
        await revision_of(backend)
    await backend.aclose()


async def test_without_a_version_there_is_no_revision(stub: HttpStub) -> None:
    backend = opened(stub)
    assert await revision_of(backend) is None
    await backend.aclose()


async def test_an_alias_is_resolved_by_the_registry(stub: HttpStub) -> None:
    stub.script(PING, reply({"model_version": {"name": "transit time", "version": "12"}}))
    backend = behind_alias(stub)
    assert await revision_of(backend) == "transit time 12"
    path = "/api/2.0/mlflow/registered-models/alias?name=transit%20time&alias=champion"
    assert stub.requests[1].path == path
    await backend.aclose()


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (404, "RESOURCE_DOES_NOT_EXIST", "Registered Model with name=secret not found", BackendMissing),
        (400, "INVALID_PARAMETER_VALUE", "Registered model alias secret not found.", BackendMissing),
        (400, "INVALID_PARAMETER_VALUE", "secret is no name", BackendRefused),
        (404, "ENDPOINT_NOT_FOUND", "secret", BackendRefused),
        (403, "PERMISSION_DENIED", "secret", BackendRefused),
    ],
)
async def test_what_the_registry_does_not_have(
    stub: HttpStub, status: int, code: str, message: str, expected: type[BackendRefused]
) -> None:
    fault: JsonValue = {"error_code": code, "message": message}
    stub.script(PING, Answer(status, json.dumps(fault).encode()))
    backend = behind_alias(stub)
    with pytest.raises(BackendRefused, match="MLflow registry") as caught:
        await revision_of(backend)
    assert type(caught.value) is expected
    assert "secret" not in caught.value.detail
    await backend.aclose()


async def test_a_server_without_a_ping_may_be_behind_a_proxy(stub: HttpStub) -> None:
    stub.script(Answer(404, b"no such page"))
    backend = opened(stub)
    with pytest.raises(BackendRefused) as caught:
        await revision_of(backend)
    assert type(caught.value) is BackendRefused
    await backend.aclose()


@pytest.mark.parametrize("answer", [{}, {"model_version": []}, {"model_version": {"version": 3}}])
async def test_a_registry_that_names_no_version_is_no_answer(stub: HttpStub, answer: JsonValue) -> None:
    stub.script(PING, reply(answer))
    backend = behind_alias(stub)
    with pytest.raises(BadOutput):
        await revision_of(backend)
    await backend.aclose()


@pytest.mark.parametrize(
    "options",
    [
        {"alias": "champion"},
        {"registry_url": "http://127.0.0.1:1", "registered_model": "m"},
        {"registry_url": "http://127.0.0.1:1", "registered_model": "m", "alias": "a", "version": "1"},
        {"token_env": "DATABASE_URL"},
        {"token_env": "MLFLOW_x"},
        {"version": "two\nlines"},
        {"body": "instances"},
        {"url": "ftp://a"},
    ],
)
def test_options_that_do_not_fit_are_refused(stub: HttpStub, options: dict[str, JsonValue]) -> None:
    with pytest.raises(InvalidInput) as caught:
        opened(stub, **options)
    assert caught.value.errors
    assert not stub.requests


def test_the_registry_has_to_be_allowed_too(stub: HttpStub) -> None:
    with pytest.raises(InvalidInput) as caught:
        opened(stub, registry_url="https://elsewhere.org", registered_model="m", alias="a")
    assert [fault.field for fault in caught.value.errors] == ["options.registry_url"]


def test_a_limit_without_room_for_rows_is_named(stub: HttpStub) -> None:
    features = [f"feature_{number}_{'x' * 40}" for number in range(100)]
    options: dict[str, JsonValue] = {"url": stub.url, "max_bytes": 1024}
    with pytest.raises(InvalidInput) as caught:
        open_backend("mlflow", options, features, concurrency=1, hosts=Hosts(f"{stub.url}=*"))
    assert [fault.field for fault in caught.value.errors] == ["options.max_bytes"]
