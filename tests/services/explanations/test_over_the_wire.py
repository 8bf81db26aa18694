"""A model of XGBoost at the local endpoint: explained by its own code as the docs have it, and by Clarify."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import xgboost
from pydantic import JsonValue

from app.core.settings import Settings
from app.local.endpoint.app import create_app
from app.local.endpoint.clarify.config import ClarifyExplainer
from app.local.endpoint.config import Endpoint, EndpointConfig
from app.schemas.models import NewVersion
from app.services.explanations.explaining import ExplainedAnswer, Explaining
from app.services.models import versions
from app.services.predictions.predictor import Ask
from app.services.records import records
from app.services.runtime import Runtime, open_runtime
from tests.support.artifacts import write_artifact
from tests.support.aws_stub import aws_environment
from tests.support.demo import ROOT
from tests.support.orders import order
from tests.support.server import serving
from tests.support.use_case import TRANSIT

PAGE = (ROOT / "docs" / "sagemaker.md").read_text()
FEATURES = ["great_circle_km", "minute_of_day", "recent_transit_ratio"]
BASELINE = "1000,700,1"
CODE = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)[0]


def as_it_is(outputs: Sequence[JsonValue]) -> list[JsonValue]:
    return [*outputs]


ORDERS = TRANSIT.model_copy(update={"postprocess": as_it_is})
"""Whose predictions may be lists, too."""


def trained(objective: str, **more: int) -> xgboost.Booster:
    chance = np.random.default_rng(7)
    rows = chance.uniform((200, 0, 0.5), (4000, 1400, 3), (200, 3))
    number = rows[:, 0] / 1000 + 2 * rows[:, 2] + rows[:, 2] * (rows[:, 1] > 700)
    labels = np.digitize(number, np.quantile(number, [0.4, 0.7]))
    if objective == "binary:logistic":
        labels = np.minimum(labels, 1)
    matrix = xgboost.DMatrix(rows, labels)
    return xgboost.train({"objective": objective, "max_depth": 3, "seed": 7, **more}, matrix, 6)


@pytest.fixture(scope="module")
def boosters() -> dict[str, xgboost.Booster]:
    return {
        "binary": trained("binary:logistic"),
        "classes": trained("multi:softprob", num_class=3),
    }


@contextmanager
def endpoint(folder: Path, boosters: dict[str, xgboost.Booster]) -> Iterator[str]:
    """Each model at an endpoint of its own, and at one with Clarify beside it."""
    served = []
    for name, booster in boosters.items():
        raw = bytes(booster.save_raw("ubj"))
        path = str(write_artifact(folder / f"{name}.tar.gz", CODE, {"model.ubj": raw}))
        served += [Endpoint(name, path, multi_model=False)]
        served += [Endpoint(f"{name}-clarify", path, multi_model=False, explainer=ClarifyExplainer(BASELINE))]
    with serving(create_app(EndpointConfig(tuple(served), folder / "cache"))) as address:
        yield address


@pytest.fixture
async def runtime(
    settings: Settings, boosters: dict[str, xgboost.Booster], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    with endpoint(tmp_path, boosters) as address:
        for name, value in aws_environment(address).items():
            monkeypatch.setenv(name, value)
        async with open_runtime(settings, ORDERS) as runtime:
            for name in boosters:
                for suffix, kind in (("", "container"), ("-clarify", "clarify")):
                    options: dict[str, JsonValue] = {
                        "endpoint_name": f"{name}{suffix}",
                        "explainer": {"kind": kind},
                    }
                    new = NewVersion(
                        version=f"{name}{suffix}", backend="sagemaker", options=options, features=FEATURES
                    )
                    await versions.register(runtime.sessions, ORDERS, runtime.inference, "transit", new)
            for record_id, ratio in {"a": 1.5, "b": 2.75}.items():
                await records.put(runtime.sessions, ORDERS, record_id, order(ratio))
            yield runtime


async def explained(runtime: Runtime, version: str) -> ExplainedAnswer:
    found = await Explaining(runtime.predictor).predict_many(["a", "b"], Ask("transit", version))
    for one in found.values():
        assert isinstance(one, ExplainedAnswer), one
        explanation = one.explanation
        assert [*explanation.contributions] == FEATURES
        parts = np.array([*explanation.contributions.values()]).sum(axis=0) + explanation.base_value
        assert parts == pytest.approx(explanation.explains, abs=1e-4)
    return cast(ExplainedAnswer, found["a"])


def matrix_of(first: str, row: list[float]) -> xgboost.DMatrix:
    return xgboost.DMatrix(np.array([[float(cell) for cell in first.split(",")], row]))


async def test_xgboosts_own_contributions_and_clarifys(
    runtime: Runtime, boosters: dict[str, xgboost.Booster]
) -> None:
    made = cast(list[float], ORDERS.preprocess([ORDERS.parse(order(1.5))])[0])
    row = [float(made[ORDERS.features.index(name)]) for name in FEATURES]
    matrix = matrix_of(BASELINE, row)
    for name, booster in boosters.items():
        own = await explained(runtime, name)
        assert own.explanation.explainer == "xgboost"
        contributed = booster.predict(matrix, pred_contribs=True)[1]
        shown = np.array([*own.explanation.contributions.values()])
        assert shown == pytest.approx(contributed[..., :-1].T, abs=1e-6)
        assert own.explanation.explains == pytest.approx(
            booster.predict(matrix, output_margin=True)[1], abs=1e-6
        )
        clarify = await explained(runtime, f"{name}-clarify")
        at_baseline, answered = booster.predict(matrix)
        assert clarify.explanation.explains == pytest.approx(answered, abs=1e-6)
        assert clarify.explanation.base_value == pytest.approx(at_baseline, abs=1e-5)
        assert clarify.answer.prediction == own.answer.prediction


async def test_a_plain_prediction_is_the_one_that_is_explained(runtime: Runtime) -> None:
    for version in ("binary", "binary-clarify"):
        plain = await runtime.predictor.predict("a", Ask("transit", version))
        found = await Explaining(runtime.predictor).predict("a", Ask("transit", version))
        assert (found.answer.id, found.answer.cache) == (plain.id, "MISS")
        assert found.answer.revision == plain.revision != ""
