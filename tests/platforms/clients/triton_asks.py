"""Triton's own client: ADDRESS MODEL, with record ids as JSON on stdin; prints what it was told.

It runs in a venv of its own.
"""

import json
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException


def record_ids(named: list[str], *, binary: bool = True) -> triton.InferInput:
    """The tensor; by default its data is behind the JSON."""
    values = np.array([name.encode() for name in named], dtype=np.object_)
    tensor = triton.InferInput("record_id", [len(named)], "BYTES")
    tensor.set_data_from_numpy(values, binary_data=binary)
    return tensor


def main(address: str, model: str) -> None:
    named = json.load(sys.stdin)
    client = triton.InferenceServerClient(address.removeprefix("http://"))
    told = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model ready": client.is_model_ready(model),
        "no model ready": client.is_model_ready("none"),
        "server": client.get_server_metadata(),
        "model": client.get_model_metadata(model),
    }
    answer = client.infer(model, [record_ids(named)], request_id="mine")
    values = answer.as_numpy("prediction")
    told |= {"id": answer.get_response()["id"], "dtype": str(values.dtype), "predictions": values.tolist()}
    wanted = [triton.InferRequestedOutput(name, binary_data=False) for name in ("prediction", "version")]
    plain = client.infer(
        model, [record_ids(named, binary=False)], model_version="1", outputs=wanted, timeout=30_000_000
    )
    told["in JSON"] = [plain.as_numpy(name).tolist() for name in ("prediction", "version")]
    extra = client.infer(model, [record_ids(named)], outputs=[triton.InferRequestedOutput("cache")])
    told["cache"] = sorted({one.decode() for one in extra.as_numpy("cache").tolist()})
    try:
        client.infer(model, [record_ids([*named[1:], "no such record"])])
    except InferenceServerException as error:
        told["error"] = [error.status(), error.message()]
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
