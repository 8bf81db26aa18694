"""A scoring script as Azure's examples have it: the text of the body in, JSON text out.

It runs in the inference server's venv. ``SLEEP`` (seconds) makes every call slow; ``BODY_KEY`` is the key of
the rows in the body.
"""

import json
import os
import time
from pathlib import Path

import numpy as np
import xgboost
from azureml_inference_server_http.api.aml_response import AMLResponse

SLEEP = float(os.environ.get("SLEEP", "0"))
BODY_KEY = os.environ.get("BODY_KEY", "data")

_booster = xgboost.Booster()


def init() -> None:
    _booster.load_model(Path(os.environ["AZUREML_MODEL_DIR"]) / "booster.json")


def run(raw_data: str) -> str | AMLResponse:
    """Minutes per row. A status of its own for rows that are not numbers, as teams do it."""
    time.sleep(SLEEP)
    rows = json.loads(raw_data)[BODY_KEY]
    if any(isinstance(cell, str) for row in rows for cell in row):
        return AMLResponse({"error": f"{__file__}: text"}, 422, json_str=True)
    return json.dumps({"result": _booster.inplace_predict(np.array(rows, dtype=float)).tolist()})
