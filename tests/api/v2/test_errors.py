"""Errors as the protocol has them, wherever they come from, with the status that they have elsewhere."""

import httpx
import pytest
from fastapi import FastAPI

from app.api.v2.predicting import failure
from app.core.errors import BackendThrottled, FieldError, InvalidInput, NotFound
from app.core.logging.quoting import Quoted
from app.core.settings import Settings
from app.main import create_app
from app.schemas.ids import no_record
from tests.api.documented import NOWHERE
from tests.api.v2.bytes_of import asked
from tests.support.app import client_of, running_app
from tests.support.aws_stub import AwsStub
from tests.support.settings import IsolatedSettings
from tests.support.use_case import TRANSIT

INFER = "/v2/models/transit/infer"


async def test_one_that_fails_fails_all(served: httpx.AsyncClient) -> None:
    response = await served.post(INFER, json=asked(["a", "x", "y", "z", "w", "b"]))
    assert (response.status_code, response.headers["content-type"]) == (404, "application/json")
    assert response.json() == {
        "error": "4 of 6 records cannot be predicted. 'x': There is no record 'x'. "
        "'y': There is no record 'y'. 'z': There is no record 'z'. And 1 more."
    }


async def test_what_is_too_long_for_an_id_is_named_by_its_beginning(served: httpx.AsyncClient) -> None:
    response = await served.post(INFER, json=asked(["x" * 100_000]))
    told = f"'{'x' * 200}': This is no record id. record_id: must have 1 to 200 characters, has 100000."
    assert response.status_code == 422
    assert response.json() == {"error": f"1 of 1 records cannot be predicted. {told}"}


def test_another_try_is_worth_it_where_all_may_be_mended() -> None:
    slow, slower = BackendThrottled("Busy.", retry_after=2), BackendThrottled("Busy.", retry_after=7)
    busy = failure({"a": slow, "b": slower}, {"a": slow, "b": slower, "c": "1"})
    assert (type(busy), busy.retry_after) == (BackendThrottled, 7)
    assert busy.detail == "2 of 3 records cannot be predicted. 'a': Busy. 'b': Busy."
    assert isinstance(busy.detail, Quoted)  # ids are nothing for a log
    missing = failure({"a": slow, "b": no_record("b")}, {})
    assert (type(missing), missing.retry_after) == (NotFound, None)
    fault = InvalidInput("It does not fit.", errors=[FieldError("size", "must be there")])
    assert failure({"a": fault}, {"a": fault}).detail.endswith("'a': It does not fit. size: must be there.")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v2/models/none/infer", 404),
        ("POST", "/v2/models/transit/versions/9/infer", 404),
        ("POST", "/v2/repository/index", 404),
        ("GET", "/v2/", 404),
        ("GET", "/v2/models/transit/infer", 405),
        ("GET", "/v2/models/-", 422),
        ("GET", "/v2/models/%ff", 422),
        ("GET", "/v2?colour=red", 422),
    ],
)
async def test_every_error_is_one_text(
    served: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await served.request(method, path, json=asked(["a"]) if method == "POST" else None)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    assert [*response.json()] == ["error"]
    assert response.headers["X-Request-ID"]
    assert int(response.headers["Content-Length"]) == len(response.content)
    if status == 405:
        assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("none", "There is no model 'none'."),
        ("none/versions/1", "There is no model 'none'."),
        ("transit/versions/9", "The model 'transit' has no version '9'."),
    ],
)
async def test_no_ids_are_asked_of_what_there_is_not(served: httpx.AsyncClient, path: str, told: str) -> None:
    response = await served.post(f"/v2/models/{path}/infer", json=asked([]))
    assert (response.status_code, response.json()) == (404, {"error": told})


@pytest.mark.parametrize("path", ["/v2x", "/v2.0/models"])
async def test_other_paths_have_problems(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).headers["content-type"] == "application/problem+json"


async def test_head_has_no_body(client: httpx.AsyncClient) -> None:
    response = await client.head("/v2/models/none")
    assert (response.status_code, response.content) == (404, b"")
    assert "content-length" not in response.headers  # it would have to be that of GET


async def test_a_crash_tells_nothing(client: httpx.AsyncClient, app: FastAPI) -> None:
    async def crash() -> None:
        raise RuntimeError("secret")

    app.add_api_route("/v2/crash", crash)
    response = await client.get("/v2/crash")
    assert response.status_code == 500
    assert response.json() == {"error": "The service failed; its log has the request's id."}


async def test_a_key_is_asked_for(settings: Settings) -> None:
    keyed = settings.model_copy(update={"auth": "keys"})
    async with running_app(keyed) as app, client_of(app) as client:
        headers = {"Authorization": "Bearer wrong"}
        refused = await client.get("/v2/models/transit", headers=headers)
        assert (refused.status_code, [*refused.json()]) == (401, ["error"])
        assert "WWW-Authenticate" in refused.headers
        for path in ("live", "ready"):
            assert (await client.get(f"/v2/health/{path}", headers=headers)).status_code == 200


async def test_below_a_root_path() -> None:
    app = create_app(IsolatedSettings(database_url=NOWHERE, auth="none", root_path="/ml"), TRANSIT)
    async with client_of(app) as client:
        for path in ("/ml/v2/repository/index", "/v2/repository/index"):
            response = await client.get(path)
            assert (response.status_code, [*response.json()]) == (404, ["error"])


async def test_a_deadline_of_its_own(served: httpx.AsyncClient, aws: AwsStub) -> None:
    """In microseconds."""
    response = await served.post(INFER, json=asked(["a"], parameters={"timeout": 1}))
    assert response.status_code == 504
