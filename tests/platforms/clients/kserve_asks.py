"""KServe's own client: ADDRESS MODEL, with record ids as JSON on stdin; prints what it was told.

It runs in KServe's venv.
"""

import asyncio
import json
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput


def record_ids(named: list[str], *, binary: bool) -> InferInput:
    """The tensor."""
    tensor = InferInput("record_id", [len(named)], "BYTES")
    tensor.set_data_from_numpy(np.array(named, dtype=object), binary_data=binary)
    return tensor


async def main(address: str, model: str) -> None:
    named = json.load(sys.stdin)
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    told = {
        "live": await client.is_server_live(address),
        "ready": await client.is_server_ready(address),
        "model ready": await client.is_model_ready(address, model),
        "no model ready": await client.is_model_ready(address, "none"),
    }
    for binary in (False, True):
        asked = InferRequest(model, [record_ids(named, binary=binary)])
        answer = await client.infer(address, asked, model_name=model)
        [output] = answer.outputs
        told[f"binary {binary}"] = output.as_numpy().tolist()
    told["answer"] = [answer.model_name, answer.model_version, output.datatype, answer.parameters]
    wanted = [
        RequestedOutput("prediction", {"binary_data": True}),
        RequestedOutput("version", {"binary_data": True}),
    ]
    asked = InferRequest(model, [record_ids(named, binary=True)], request_outputs=wanted)
    answer = await client.infer(address, asked, model_name=model)
    told["outputs"] = [[one.name, len(one.as_numpy().tolist())] for one in answer.outputs]
    try:
        asked = InferRequest(model, [record_ids([*named[1:], "no such record"], binary=True)])
        await client.infer(address, asked, model_name=model)
    except httpx.HTTPStatusError as error:
        told["error"] = [error.response.status_code, str(error)]
    print(json.dumps(told))  # noqa: T201
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
