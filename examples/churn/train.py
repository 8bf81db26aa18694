"""Trains the model: ``python -m examples.churn.train VERSION FOLDER`` writes an artifact, unpacked.

A logistic regression, whose weights fit into a JSON file. Version 1, which is kept in model/, knows less than
version 2.
"""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from examples.churn.customers import customers
from examples.churn.evaluation import POSITIVE
from examples.churn.preprocess import FEATURES, preprocess

VERSIONS = {"1": ("tenure_months", "monthly_fee"), "2": FEATURES}
"""The features of each version, in the order of its rows."""

TRAINED_BEFORE = date(2025, 7, 1)
"""Later customers are for evaluation: no version has seen them."""

MODEL_CODE = Path(__file__).parent / "model" / "code" / "inference.py"


def write(version: str, folder: Path) -> None:
    """Train a version and write code/inference.py and model.json into the folder."""
    code = MODEL_CODE.read_bytes()
    (folder / "code").mkdir(parents=True, exist_ok=True)
    (folder / "code" / "inference.py").write_bytes(code)
    (folder / "model.json").write_text(json.dumps(train(VERSIONS[version]), indent=2) + "\n")


def train(names: tuple[str, ...]) -> dict[str, object]:
    """The intercept, and mean and weight of each feature; what is missing counts as the mean."""
    past = [one for one in customers() if one.outcome is not None and one.item.as_of < TRAINED_BEFORE]
    columns = [FEATURES.index(name) for name in names]
    rows = np.array(preprocess([one.item for one in past]), dtype=float)[:, columns]  # None becomes NaN
    means, scales = np.nanmean(rows, axis=0).round(6), np.nanstd(rows, axis=0)
    # This solver comes so close to the optimum that the digits which are kept are the same on every machine.
    regression = LogisticRegression(solver="newton-cholesky", tol=1e-10)
    regression.fit(np.nan_to_num((rows - means) / scales), [one.outcome == POSITIVE for one in past])
    weights = (regression.coef_[0] / scales).round(6)
    features = [
        {"name": name, "mean": mean, "weight": weight}
        for name, mean, weight in zip(names, means.tolist(), weights.tolist(), strict=True)
    ]
    return {"intercept": round(float(regression.intercept_[0]), 6), "features": features}


def main() -> None:
    """Write the version that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m examples.churn.train")
    parser.add_argument("version", choices=sorted(VERSIONS))
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    write(arguments.version, arguments.folder)
    features = ", ".join(VERSIONS[arguments.version])
    sys.stdout.write(f"Wrote {arguments.folder}/code/inference.py and model.json, trained on {features}\n")


if __name__ == "__main__":
    main()
