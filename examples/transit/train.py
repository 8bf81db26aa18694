"""The models of the worked example, trained in a blink from data/transit_orders.csv: no model file is kept.

``python -m examples.transit.train FOLDER VERSION...`` writes FOLDER/transit-VERSION.tar.gz for SageMaker.
"""

import argparse
import csv
import io
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.core.errors import Misconfigured
from app.local.packing import archive
from examples.transit.evaluation import LABEL
from examples.transit.input_object import InputObject
from examples.transit.preprocess import FEATURES, preprocess

DATA = Path(__file__).parents[2] / "data" / "transit_orders.csv"
MODEL_CODE = Path(__file__).with_name("model_code.py")
LAST_TRAINING_MONTH = 6

BASE = (
    *("origin_lat", "origin_lon", "destination_lat", "destination_lon"),
    *("great_circle_km", "minute_of_day", "weekday"),
)
VERSIONS = {
    "1": BASE,
    "2": (*BASE, "carrier", "recent_transit_ratio"),
    # The bad release: it looks better than version 2 until October and fails in December, since no tree has
    # seen a month after June.
    "3": (*BASE, "carrier", "recent_transit_ratio", "month"),
}
"""The features of each version, in the order of its rows."""

EXAMPLE_ID = "B679-20130101-JFK-MCO"
"""An order to try things on."""

PARAMETERS = {"max_depth": 5, "learning_rate": 0.1, "seed": 0, "nthread": 1}
TREES = 200


@dataclass(frozen=True)
class SampleOrder:
    """One line of the sample data; ``minutes`` is the truth, None where it never became known."""

    id: str
    item: InputObject
    minutes: float | None


def artifact_name(version: str) -> str:
    """The artifact's file name, and so its TargetModel."""
    return f"transit-{version}.tar.gz"


def build(folder: Path, version: str) -> Path:
    """Train a version and write its artifact."""
    path = folder / artifact_name(version)
    half = path.with_suffix(f".{os.getpid()}")
    half.write_bytes(artifact(version))
    half.replace(path)
    return path


def artifact(version: str) -> bytes:
    """Train a version and pack its model.tar.gz: the same bytes, and so the same ETag, every time."""
    packed = io.BytesIO()
    archive.write(packed, {"code/inference.py": MODEL_CODE.read_bytes(), "model.ubj": train(version)})
    return packed.getvalue()


def train(version: str) -> bytes:
    """The trees of a version, trained on January to June."""
    try:
        import numpy as np
        import xgboost
    except ModuleNotFoundError as error:
        raise Misconfigured(
            "The sample models need XGBoost: pip install -r requirements-sample.txt"
        ) from error

    names = VERSIONS[version]
    known = [order for order in orders() if order.minutes is not None]
    past = [order for order in known if order.item.scheduled_at.month <= LAST_TRAINING_MONTH]
    columns = [FEATURES.index(name) for name in names]
    rows = [[row[column] for column in columns] for row in preprocess([order.item for order in past])]
    matrix = xgboost.DMatrix(np.array(rows, dtype=np.float32), label=[order.minutes for order in past])
    return bytes(xgboost.train(PARAMETERS, matrix, num_boost_round=TREES).save_raw("ubj"))


@cache
def orders() -> tuple[SampleOrder, ...]:
    """The sample data in file order."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(map(_order, csv.DictReader(file)))


def _order(line: dict[str, str]) -> SampleOrder:
    given = {name: cell for name, cell in line.items() if cell != ""}
    minutes = given.pop(LABEL, None)
    return SampleOrder(
        given.pop("id"), InputObject.model_validate(given), None if minutes is None else float(minutes)
    )


def main() -> None:
    """Build the artifacts that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.transit.train", description="Build sample model artifacts."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("versions", nargs="+", choices=sorted(VERSIONS))
    arguments = parser.parse_args()
    for version in arguments.versions:
        build(arguments.folder, version)


if __name__ == "__main__":
    main()
