"""Requests and answers of the protocol, put together and taken apart by hand."""

import json
import struct
from collections.abc import Sequence

import httpx
from pydantic import JsonValue

HEADER = "Inference-Header-Content-Length"


def element(text: str | bytes) -> bytes:
    """One of BYTES, as it is behind the JSON."""
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<I", len(data)) + data


def tensor(record_ids: Sequence[str], **changes: JsonValue) -> dict[str, JsonValue]:
    """The input, with its ids in JSON."""
    given: dict[str, JsonValue] = {
        "name": "record_id",
        "shape": [len(record_ids)],
        "datatype": "BYTES",
        "data": [*record_ids],
    }
    return {name: value for name, value in (given | changes).items() if value is not None}


def asked(record_ids: Sequence[str], **more: JsonValue) -> dict[str, JsonValue]:
    """A request that is JSON alone."""
    inputs: list[JsonValue] = [tensor(record_ids)]
    return {"inputs": inputs, **more}


def packed(record_ids: Sequence[str], **more: JsonValue) -> tuple[bytes, int]:
    """A request with its ids behind the JSON, and how long that is."""
    behind = b"".join(map(element, record_ids))
    sized = tensor(record_ids, data=None, parameters={"binary_data_size": len(behind)})
    text = json.dumps({"inputs": [sized]} | more).encode()
    return text + behind, len(text)


async def send_packed(
    client: httpx.AsyncClient, path: str, record_ids: Sequence[str], **more: JsonValue
) -> httpx.Response:
    """As Triton's client sends it, which says nothing of a content type."""
    body, length = packed(record_ids, **more)
    return await client.post(path, content=body, headers={HEADER: str(length)})


def unpacked(response: httpx.Response) -> tuple[dict[str, JsonValue], bytes]:
    """The JSON of an answer, and what is behind it."""
    length = int(response.headers[HEADER])
    return json.loads(response.content[:length]), response.content[length:]
