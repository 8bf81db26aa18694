"""Calls by one client: WAY ADDRESS, ids as JSON on the first line of stdin, then a number of calls a line.

Prints the predictions of the first call, and for each number the seconds that so many calls took. It runs in
the venv of the client. ``rest`` and ``v2`` are plain connections, which cost a caller next to nothing.
"""

import asyncio
import http.client
import json
import struct
import sys
import time
from collections.abc import Awaitable, Callable

MODEL = "transit"
Call = Callable[[], Awaitable[list[float]]]


def rest(address: str, named: list[str]) -> Call:
    connection = http.client.HTTPConnection(address.removeprefix("http://"))

    async def call() -> list[float]:
        body = json.dumps({"record_ids": named, "model": MODEL})
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        return [item["prediction"] for item in json.loads(connection.getresponse().read())["items"]]

    return call


def httpx(address: str, named: list[str]) -> Call:
    """REST by the library that KServe's client sends with."""
    from httpx import AsyncClient

    client = AsyncClient(base_url=address, timeout=60)

    async def call() -> list[float]:
        answer = await client.post("/predict", json={"record_ids": named, "model": MODEL})
        return [item["prediction"] for item in answer.json()["items"]]

    return call


def v2(address: str, named: list[str]) -> Call:
    connection = http.client.HTTPConnection(address.removeprefix("http://"))

    async def call() -> list[float]:
        behind = b"".join(struct.pack("<I", len(one)) + one for one in map(str.encode, named))
        size = {"binary_data_size": len(behind)}
        tensor = {"name": "record_id", "shape": [len(named)], "datatype": "BYTES", "parameters": size}
        head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
        said = {"Inference-Header-Content-Length": str(len(head))}
        connection.request("POST", f"/v2/models/{MODEL}/infer", head + behind, said)
        answer = connection.getresponse()
        length = int(answer.headers["Inference-Header-Content-Length"])
        return list(struct.unpack(f"<{len(named)}d", answer.read()[length:]))

    return call


def tritonclient(address: str, named: list[str]) -> Call:
    import numpy as np
    import tritonclient.http as triton

    client = triton.InferenceServerClient(address.removeprefix("http://"))

    async def call() -> list[float]:
        tensor = triton.InferInput("record_id", [len(named)], "BYTES")
        tensor.set_data_from_numpy(np.array([one.encode() for one in named], dtype=np.object_))
        found: list[float] = client.infer(MODEL, [tensor]).as_numpy("prediction").tolist()
        return found

    return call


def kserve(address: str, named: list[str]) -> Call:
    import numpy as np
    from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

    client = InferenceRESTClient(RESTConfig(protocol="v2"))

    async def call() -> list[float]:
        tensor = InferInput("record_id", [len(named)], "BYTES")
        tensor.set_data_from_numpy(np.array(named, dtype=object), binary_data=True)
        answer = await client.infer(address, InferRequest(MODEL, [tensor]), model_name=MODEL)
        found: list[float] = answer.outputs[0].as_numpy().tolist()
        return found

    return call


async def main(way: str, address: str) -> None:
    named = json.loads(sys.stdin.readline())
    ways = {"rest": rest, "httpx": httpx, "v2": v2, "tritonclient": tritonclient, "kserve": kserve}
    call = ways[way](address, named)
    print(json.dumps(await call()), flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        for _ in range(int(line)):
            await call()
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
