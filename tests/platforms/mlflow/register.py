"""Fills a tracking server's registry with the sample, through MLflow's own client, in that server's venv.

``python register.py REGISTRY BOOSTER FEATURE...`` registers the model ``transit``, which takes named columns,
in two versions (the first has half of the trees) with the alias champion on the second; and ``matrix``, which
takes a tensor.
"""

import sys
from pathlib import Path

import mlflow
import numpy as np
import xgboost
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

MINUTES = Schema([ColSpec("double")])


def register(name: str, booster: xgboost.Booster, inputs: Schema) -> None:
    """Log the model and make it the next version of ``name``."""
    with mlflow.start_run():
        mlflow.xgboost.log_model(
            booster,
            name="model",
            signature=ModelSignature(inputs, MINUTES),
            registered_model_name=name,
            pip_requirements=["mlflow", "xgboost-cpu"],  # not looked for, which would take a minute
        )


def columns(features: list[str]) -> Schema:
    """One long, one that may be missing; all others are doubles."""
    kinds = {"weekday": "long"}
    optional = {"recent_transit_ratio"}
    return Schema(
        [ColSpec(kinds.get(name, "double"), name, required=name not in optional) for name in features]
    )


def main(server: str, booster_file: Path, features: list[str]) -> None:
    mlflow.set_tracking_uri(server)
    booster = xgboost.Booster(model_file=booster_file)
    register("transit", booster[: booster.num_boosted_rounds() // 2], columns(features))
    register("transit", booster, columns(features))
    register("matrix", booster, Schema([TensorSpec(np.dtype("float64"), (-1, len(features)))]))
    mlflow.MlflowClient().set_registered_model_alias("transit", "champion", "2")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
