"""The sample's version 2, and what the local SageMaker endpoint answers for a thousand of its rows."""

from dataclasses import dataclass
from pathlib import Path

import xgboost

from app.backends.wire.formats import RequestFormat
from app.local.endpoint_process import running_endpoint
from app.schemas.rows import Row
from examples.transit import train
from examples.transit.preprocess import FEATURES, preprocess
from tests.support.aws import Aws

VERSION = "2"
ROWS = 1000


@dataclass(frozen=True)
class SampleModel:
    """``booster`` is an XGBoost JSON file; ``expected`` is what the local endpoint says for ``rows``."""

    booster: Path
    rows: list[Row]
    expected: list[float]

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of the rows, in order."""
        return train.VERSIONS[VERSION]

    def training(self) -> tuple[list[Row], list[float]]:
        """The rows and truths (minutes) that version 2 was trained on."""
        known = [order for order in train.orders() if order.minutes is not None]
        past = [order for order in known if order.item.scheduled_at.month <= train.LAST_TRAINING_MONTH]
        return _rows(past), [order.minutes for order in past if order.minutes is not None]


def make_sample(folder: Path) -> SampleModel:
    """Train version 2, write it into ``folder``, and ask the local endpoint for ROWS later rows."""
    booster = xgboost.Booster()
    booster.load_model(bytearray(train.train(VERSION)))
    booster.save_model(folder / "booster.json")
    train.build(folder, VERSION)
    later = [order for order in train.orders() if order.item.scheduled_at.month > train.LAST_TRAINING_MONTH]
    rows = _rows(later[:ROWS])
    return SampleModel(folder / "booster.json", rows, _local_predictions(folder, rows))


def _local_predictions(folder: Path, rows: list[Row]) -> list[float]:
    body = RequestFormat("text/csv", train.VERSIONS[VERSION]).body(rows)
    with running_endpoint("transit", str(folder), folder / "cache") as address:
        target = train.artifact_name(VERSION)
        reply = Aws(address).invoke("transit", body, TargetModel=target, Accept="text/csv")
    return [float(line) for line in reply.body.split()]


def _rows(orders: list[train.SampleOrder]) -> list[Row]:
    columns = [FEATURES.index(name) for name in train.VERSIONS[VERSION]]
    return [[row[column] for column in columns] for row in preprocess([order.item for order in orders])]
