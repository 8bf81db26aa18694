"""Requests of the protocol that cannot be understood: each is told where, and what would be right."""

import json
import struct

import httpx
import pytest
from pydantic import JsonValue

from tests.api.v2.bytes_of import HEADER, asked, element, packed, tensor

INFER = "/v2/models/transit/infer"


async def refused(client: httpx.AsyncClient, body: JsonValue | bytes, **headers: str) -> str:
    """What is said of it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = await client.post(INFER, content=content, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (422, "application/json"), (
        response.text
    )
    assert [*response.json()] == ["error"]
    return str(response.json()["error"])


def of(**changes: JsonValue) -> dict[str, JsonValue]:
    return {"inputs": [tensor(["a"], **changes)]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "inputs: Field required"),
        ({"inputs": []}, "inputs: List should have at least 1 item"),
        ({"inputs": [tensor(["a"]), tensor(["b"])]}, "inputs: List should have at most 1 item"),
        (of(name="ids"), "inputs[0].name: Input should be 'record_id'"),
        (of(datatype="FP32"), "inputs[0].datatype: Input should be 'BYTES'"),
        (of(shape=[2]), "inputs[0].shape: has 2 ids, but 1 are given"),
        (of(shape=[1, 2]), "inputs[0].shape: must be [n], or [n, 1]"),
        (of(shape=[1001]), "inputs[0].shape: must have at most 1000 ids, has 1001"),
        (of(shape=[-1]), "inputs[0].shape[0]: Input should be greater than or equal to 0"),
        (of(shape=[True]), "inputs[0].shape[0]: Input should be a valid integer"),
        (of(data=[1]), "inputs[0].data[0]: must be a text"),
        (of(data=[["a"]]), "inputs[0].data[0]: must be a text"),
        (of(data=None), "inputs[0].data: must be given, or else binary_data_size"),
        (of(parameters={"binary_data_size": 1}), "inputs[0].data: must be given, or else binary_data_size"),
        (of(data=None, parameters={"binary_data_size": 5}), "must be the 0 bytes that follow the JSON, is 5"),
        (of(colour="red"), "inputs[0].colour: Extra inputs are not permitted"),
        (asked(["a"], model_name="other"), "model_name: must be 'transit', as in the path, or left out"),
        (
            asked(["a"], outputs=[{"name": "score"}]),
            "outputs: there is no 'score'; there is prediction, cached",
        ),
        (asked(["a"], parameters={"sequence_id": 3}), "parameters.sequence_id: Extra inputs"),
        (asked(["a"], parameters={"timeout": 0}), "parameters.timeout: Input should be greater"),
        (asked(["a"], id=5), "id: Input should be a valid string"),
        (asked(["a"], id="\ud800"), "id: text must not contain a lone surrogate"),
        (of(data=[1] * 200), "inputs[0].shape: has 1 ids, but 200 are given"),
        (
            asked(["a"], outputs=[{"name": "cache"}, {"name": "cache", "parameters": {"binary_data": True}}]),
            "outputs[1].name: is 'cache' for the second time",
        ),
        (
            asked(["a"], outputs=[{"name": f"score{number}"} for number in range(101)]),
            "outputs: List should have at most 100 items",
        ),
        ("text", "body: Input should be"),
    ],
)
async def test_a_body_that_does_not_fit(client: httpx.AsyncClient, body: JsonValue, field: str) -> None:
    assert field in await refused(client, body)


async def test_bytes_that_do_not_fit(client: httpx.AsyncClient) -> None:
    body, length = packed(["a", "b"])
    cut = json.dumps(of(data=None, parameters={"binary_data_size": 4})).encode()
    for wrong in (b"\x05\0\0\0", b"\xff\xff\xff\xff"):
        told = await refused(client, cut + wrong, **{HEADER: str(len(cut))})
        assert "inputs[0].data[0]: must be as long as the four bytes before it say" in told
    short = json.dumps(of(data=None, parameters={"binary_data_size": 2})).encode()
    assert "the body ends within it" in await refused(client, short + b"\1\0", **{HEADER: str(len(short))})
    latin = element(b"\xe9")
    text = json.dumps(of(data=None, parameters={"binary_data_size": len(latin)})).encode()
    assert "inputs[0].data[0]: must be UTF-8" in await refused(
        client, text + latin, **{HEADER: str(len(text))}
    )
    more = await refused(client, body + b"more", **{HEADER: str(length)})
    assert "must be the 14 bytes that follow the JSON, is 10" in more
    assert "This is not valid JSON" in await refused(client, body)


@pytest.mark.parametrize("length", ["-1", "x", "9" * 30, "1000", "\N{SUPERSCRIPT TWO}", "+1", ""])
async def test_a_length_that_is_none(client: httpx.AsyncClient, length: str) -> None:
    body, _ = packed(["a"])
    headers = {HEADER.encode(): length.encode("latin-1")}
    response = await client.post(INFER, content=body, headers=headers)
    assert response.status_code == 422
    assert f"{HEADER}: must be how many bytes of the body are JSON" in response.json()["error"]


async def test_what_is_not_taken(client: httpx.AsyncClient) -> None:
    body, length = packed(["a"])
    compressed = await client.post(INFER, content=body, headers={"Content-Encoding": "gzip"})
    assert (compressed.status_code, [*compressed.json()]) == (415, ["error"])
    form = await client.post(INFER, content=body, headers={"Content-Type": "text/plain", HEADER: str(length)})
    assert form.status_code == 415
    assert "must be application/json or application/octet-stream; it is 'text/plain'" in form.json()["error"]
    large = await client.post(INFER, content=b"{}", headers={"Content-Length": "99999999999"})
    assert (large.status_code, [*large.json()]) == (413, ["error"])


async def test_a_very_long_tensor_is_read_aside(served: httpx.AsyncClient) -> None:
    """Of a length at which JSON is no longer read on the event loop."""
    names = [f"{number}-{'x' * 60}" for number in range(600)]
    body, length = packed(names)
    response = await served.post(INFER, content=body, headers={HEADER: str(length)})
    assert response.status_code == 404
    assert response.json()["error"].startswith("600 of 600 records cannot be predicted.")
    assert len(body) > 32_768
    assert struct.unpack("<I", body[length : length + 4]) == (len(names[0]),)
