"""What the protocol tells of the server and its models."""

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue

from tests.support.orders import FEATURES, register


async def test_the_server(client: httpx.AsyncClient) -> None:
    told = (await client.get("/v2")).json()
    assert told == {"name": "sagemaker-fastapi", "version": "0.1.0", "extensions": ["binary_tensor_data"]}
    assert (await client.get("/v2/health/live")).json() == {"live": True}
    assert (await client.get("/v2/health/ready")).json() == {"ready": True}


async def test_a_shutdown_is_not_ready(client: httpx.AsyncClient, app: FastAPI) -> None:
    app.state.health.shut_down()
    response = await client.get("/v2/health/ready")
    assert response.status_code == 503
    assert response.json() == {"error": "The service is not ready; /health/ready says why."}
    assert (await client.get("/v2/health/live")).status_code == 200


async def test_a_model_and_its_versions(served: httpx.AsyncClient) -> None:
    await register(served, "2", promote=False)
    told = (await served.get("/v2/models/transit")).json()
    assert (told["name"], {*told["versions"]}, told["platform"]) == (
        "transit",
        {"1", "2"},
        "sagemaker-fastapi",
    )
    assert told["inputs"] == [{"name": "record_id", "datatype": "BYTES", "shape": [-1]}]
    assert told["outputs"][0] == {"name": "prediction", "datatype": "FP64", "shape": [-1]}
    of_one = (await served.get("/v2/models/transit/versions/2")).json()
    assert of_one == told | {"versions": ["2"]}


async def test_what_is_ready(served: httpx.AsyncClient) -> None:
    await register(served, "2", promote=False)
    for path in ("/v2/models/transit/ready", "/v2/models/transit/versions/2/ready"):
        assert (await served.get(path)).json() == {"name": "transit", "ready": True}


async def test_a_model_without_a_live_version_is_not_ready(served: httpx.AsyncClient) -> None:
    options: JsonValue = {"endpoint_name": "other"}
    body: JsonValue = {"version": "1", "backend": "sagemaker", "options": options, "features": [*FEATURES]}
    assert (await served.post("/models/other/versions", json=body)).status_code == 201
    response = await served.get("/v2/models/other/ready")
    assert (response.status_code, response.json()) == (
        503,
        {"error": "The model 'other' has no live version."},
    )


@pytest.mark.parametrize("path", ["", "/ready"])
async def test_what_there_is_not(served: httpx.AsyncClient, path: str) -> None:
    told = await served.get(f"/v2/models/other{path}")
    assert (told.status_code, told.json()) == (404, {"error": "There is no model 'other'."})
    told = await served.get(f"/v2/models/transit/versions/9{path}")
    assert (told.status_code, told.json()) == (
        404,
        {"error": "The model 'transit' has no version '9'."},
    )
