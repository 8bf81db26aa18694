"""The sample behind the wire of an MLflow model that was deployed without a scoring script.

Azure's generated script takes ``input_data`` through inference-schema and answers a list (Azure ML, "Guidelines
for deploying MLflow models"; its source is mlflow_score_script.py in Azure's azureml-assets). This one does the
same for an XGBoost booster. It runs in the inference server's venv.
"""

import os
from pathlib import Path
from typing import TypedDict

import numpy as np
import xgboost
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema

Row = list[float | None]


class Split(TypedDict):
    """A pandas frame in the split orientation."""

    columns: list[str]
    index: list[int]
    data: list[Row]


FEATURES = os.environ["FEATURES"].split(",")
EXAMPLE = StandardPythonParameterType({"columns": FEATURES, "index": [0], "data": [[0.0] * len(FEATURES)]})

_booster = xgboost.Booster()


def init() -> None:
    _booster.load_model(Path(os.environ["AZUREML_MODEL_DIR"]) / "booster.json")


@input_schema("input_data", EXAMPLE)
def run(input_data: Split) -> list[float]:
    """Minutes per row; the columns are taken by name, as a model with a signature takes them."""
    order = [input_data["columns"].index(feature) for feature in FEATURES]
    rows = [[row[column] for column in order] for row in input_data["data"]]
    minutes: list[float] = _booster.inplace_predict(np.array(rows, dtype=float)).tolist()
    return minutes
