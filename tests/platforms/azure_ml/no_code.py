"""The sample behind the wire of an MLflow model that was deployed without a scoring script.

Azure's generated script (mlflow_score_script.py in its azureml-assets) reads ``input_data`` of a model with a
signature with inference-schema's pandas type and answers a list. This one does so for an XGBoost booster. It
runs in the inference server's venv.
"""

import os
from pathlib import Path

import pandas as pd
import xgboost
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.schema_decorators import input_schema

FEATURES = os.environ["FEATURES"].split(",")
SIGNATURE = PandasParameterType(
    pd.DataFrame(columns=FEATURES, dtype=float), enforce_shape=False, orient="split"
)

_booster = xgboost.Booster()


def init() -> None:
    _booster.load_model(Path(os.environ["AZUREML_MODEL_DIR"]) / "booster.json")


def minutes(input_data: pd.DataFrame) -> list[float]:
    """Per row; the columns are taken by name, as MLflow takes those of a signature."""
    predicted: list[float] = _booster.inplace_predict(input_data[FEATURES].to_numpy()).tolist()
    return predicted


run = input_schema("input_data", SIGNATURE)(minutes)
