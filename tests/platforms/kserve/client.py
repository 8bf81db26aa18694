"""KServe's own client: URL HOST TOKEN, with the rows as JSON on stdin; prints the first output's values.

It runs in KServe's venv.
"""

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig


async def main(url: str, host: str, token: str) -> None:
    rows = np.array(json.load(sys.stdin), dtype=float)
    tensor = InferInput("input-0", list(rows.shape), "FP64")
    tensor.set_data_from_numpy(rows, binary_data=False)
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    headers = {"Host": host, "Authorization": f"Bearer {token}"}
    reply = await client.infer(url, InferRequest("transit", [tensor]), model_name="transit", headers=headers)
    print(json.dumps(reply.outputs[0].data))  # noqa: T201
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
