"""Predictions by the inference protocol, byte by byte."""

import struct
from collections.abc import Mapping

import httpx
import pytest
from pydantic import JsonValue

from app.core.settings import Settings
from tests.api.v2.bytes_of import HEADER, asked, element, send_packed, tensor, unpacked
from tests.support.app import client_of, running_app
from tests.support.aws_stub import AwsStub
from tests.support.orders import invocations, register, store
from tests.support.use_case import changed

INFER = "/v2/models/transit/infer"
BINARY: Mapping[str, JsonValue] = {"parameters": {"binary_data_output": True}}


async def test_json_in_and_json_out(served: httpx.AsyncClient, aws: AwsStub) -> None:
    first = await served.post(INFER, json=asked(["b", "a", "b"], id="mine"))
    assert (first.status_code, first.headers["content-type"]) == (200, "application/json")
    assert first.json() == {
        "id": "mine",
        "model_name": "transit",
        "model_version": "1",
        "parameters": {"cached": False},
        "outputs": [{"name": "prediction", "datatype": "FP64", "shape": [3], "data": [25.0, 15.0, 25.0]}],
    }
    second = await served.post(INFER, json=asked(["b", "a", "b"], id="mine"))
    assert second.json() == first.json() | {"parameters": {"cached": True}}
    assert len(invocations(aws)) == 1


async def test_bytes_in_and_bytes_out(served: httpx.AsyncClient) -> None:
    response = await send_packed(served, INFER, ["ü/1", "a"], **BINARY)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/octet-stream")
    told, behind = unpacked(response)
    assert behind == struct.pack("<2d", 35.0, 15.0)
    output = {"name": "prediction", "datatype": "FP64", "shape": [2], "parameters": {"binary_data_size": 16}}
    assert told["outputs"] == [output]


async def test_many_ids_are_those_of_the_other_door(served: httpx.AsyncClient) -> None:
    """Of so many Postgres writes the hits; some of these are none."""
    ratios = {f"m{number}": number / 8 for number in range(70)}
    await store(served, dict(ratios))
    await served.post("/predict", json={"record_ids": [*ratios][:65], "model": "transit"})
    response = await send_packed(served, INFER, [*ratios], **BINARY)
    told, behind = unpacked(response)
    other = (await served.post("/predict", json={"record_ids": [*ratios], "model": "transit"})).json()
    assert [*struct.unpack("<70d", behind)] == [item["prediction"] for item in other["items"]]
    assert told["parameters"] == {"cached": False}
    again, _ = unpacked(await send_packed(served, INFER, [*ratios], **BINARY))
    assert (again["parameters"], again["model_version"]) == ({"cached": True}, "1")


async def test_a_column_comes_back_as_one(served: httpx.AsyncClient) -> None:
    nested: list[JsonValue] = [["a"], ["b"]]
    flat: list[JsonValue] = ["a", "b"]
    for data in (nested, flat):
        response = await served.post(INFER, json={"inputs": [tensor([], shape=[2, 1], data=data)]})
        [output] = response.json()["outputs"]
        assert (output["shape"], output["data"]) == ([2, 1], [15.0, 25.0])


async def test_outputs_are_those_that_are_named(served: httpx.AsyncClient) -> None:
    await served.post("/predict/a?model=transit")
    wanted: list[JsonValue] = [{"name": name} for name in ("version", "cached", "prediction")]
    wanted += [{"name": "cache", "parameters": {"binary_data": True}}]
    told, behind = unpacked(await send_packed(served, INFER, ["a", "b"], outputs=wanted))
    outputs = told["outputs"]
    assert isinstance(outputs, list)
    assert [isinstance(one, dict) and one.get("data") for one in outputs] == [
        *(["1", "1"], [True, False], [15.0, 25.0], None),
    ]
    assert behind == element("HIT") + element("MISS")


async def test_all_outputs(served: httpx.AsyncClient) -> None:
    described = (await served.get("/v2/models/transit")).json()
    wanted: list[JsonValue] = [{"name": one["name"]} for one in described["outputs"]]
    response = await served.post(INFER, json=asked(["a"], outputs=wanted))
    [item] = (await served.post("/predict", json={"record_ids": ["a"], "model": "transit"})).json()["items"]
    told = {one["name"]: one["data"][0] for one in response.json()["outputs"]}
    assert told == {name: item[name] for name in told} | {"cached": False, "cache": "MISS"}
    assert len(told) == len(wanted) == 7


async def test_a_version_is_asked_by_its_path(served: httpx.AsyncClient) -> None:
    await register(served, "2", promote=False)
    response = await served.post("/v2/models/transit/versions/2/infer", json=asked(["a"]))
    assert response.json()["model_version"] == "2"


async def test_refresh_infers_anew(served: httpx.AsyncClient, aws: AwsStub) -> None:
    for _ in range(2):
        response = await served.post(INFER, json=asked(["a"], parameters={"refresh": True}))
        assert response.json()["parameters"] == {"cached": False}
    assert len(invocations(aws)) == 2


@pytest.mark.parametrize("is_binary", [False, True])
async def test_nothing_is_asked_and_nothing_said(served: httpx.AsyncClient, is_binary: bool) -> None:
    response = await served.post(INFER, json=asked([], parameters={"binary_data_output": is_binary}))
    assert (response.status_code, HEADER in response.headers) == (200, is_binary)


def nothing(outputs: list[JsonValue]) -> list[float]:
    return [None for _ in outputs]  # type: ignore[misc]


def whole(outputs: list[JsonValue]) -> list[int]:
    return [1 for _ in outputs]


def truths(outputs: list[JsonValue]) -> list[bool]:
    return [True for _ in outputs]


def anything(outputs: list[JsonValue]) -> list[JsonValue]:
    return [["ä"] for _ in outputs]


@pytest.mark.parametrize(
    ("postprocess", "datatype", "in_json", "in_bytes"),
    [
        (whole, "INT64", 1, struct.pack("<q", 1)),
        (truths, "BOOL", True, b"\x01"),
        (anything, "BYTES", '["ä"]', element('["ä"]')),
    ],
)
async def test_the_datatype_is_what_postprocess_says(
    aws: AwsStub, settings: Settings, postprocess: object, datatype: str, in_json: JsonValue, in_bytes: bytes
) -> None:
    async with running_app(settings, changed(postprocess=postprocess)) as app, client_of(app) as client:
        await register(client)
        await store(client, {"a": 1.5})
        described = (await client.get("/v2/models/transit")).json()
        assert described["outputs"][0] == {"name": "prediction", "datatype": datatype, "shape": [-1]}
        [output] = (await client.post(INFER, json=asked(["a"]))).json()["outputs"]
        assert (output["datatype"], output["data"]) == (datatype, [in_json])
        _, behind = unpacked(await send_packed(client, INFER, ["a"], **BINARY))
        assert behind == in_bytes


@pytest.mark.parametrize("is_binary", [False, True])
async def test_what_is_not_what_postprocess_says_is_its_fault(
    aws: AwsStub, settings: Settings, is_binary: bool
) -> None:
    """Null, say; and an answer of JSON refuses what one of bytes does."""
    async with running_app(settings, changed(postprocess=nothing)) as app, client_of(app) as client:
        await register(client)
        await store(client, {"a": 1.5})
        response = await client.post(INFER, json=asked(["a"], parameters={"binary_data_output": is_binary}))
        assert response.status_code == 500
        assert response.json()["error"].startswith("No FP64 can be made of a prediction")
