"""The sample's booster as a Core ML model: ``convert.py BOOSTER FEATURES MODEL``, FEATURES with commas.

It runs in the venv of coremltools.
"""

import json
import sys

import coremltools
import xgboost


def convert(booster_file: str, features: list[str], model_file: str) -> None:
    """The converter assumes a base score of 0.5; XGBoost's own is put in its place."""
    booster = xgboost.Booster(model_file=booster_file)
    spec = coremltools.converters.xgboost.convert(booster, features, "minutes").get_spec()
    ensemble = spec.treeEnsembleRegressor.treeEnsemble
    assert list(ensemble.basePredictionValue) == [0.5]
    config = json.loads(booster.save_config())["learner"]["learner_model_param"]
    ensemble.basePredictionValue[0] = float(config["base_score"].strip("[]"))
    spec.description.metadata.versionString = "2"
    coremltools.models.utils.save_spec(spec, model_file)


if __name__ == "__main__":
    convert(sys.argv[1], sys.argv[2].split(","), sys.argv[3])
