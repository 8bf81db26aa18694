"""A prediction by a click: what was told, and how long each stage of the pipeline took."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

from app.core.errors import AppError
from app.core.signals import STAGES
from app.core.signals.answered import note, note_error
from app.services.predictions.predictor import Answer, Ask, Predictor


class TimedStage(NamedTuple):
    """``began`` and ``seconds`` are since the prediction was asked for, and since that."""

    name: str
    began: float
    seconds: float


@dataclass(frozen=True)
class Tried:
    """What became of a prediction that was asked for, after so many ``seconds``: one of ``answer`` and
    ``error``. What another caller computed has no stages but the lookup."""

    answer: Answer | None
    error: AppError | None
    stages: Sequence[TimedStage]
    seconds: float


async def predict(predictor: Predictor, record_id: str, ask: Ask) -> Tried:
    """One, or the error of it, which is not raised."""
    noted: list[tuple[str, float]] = []
    began, before = perf_counter(), STAGES.set(noted)
    try:
        answer = await predictor.predict(record_id, ask)
    except AppError as error:
        seconds = perf_counter() - began
        note_error("request", error, seconds)
        return Tried(None, error, _one_after_another(noted), seconds)
    finally:
        STAGES.reset(before)
    seconds = perf_counter() - began
    note("request", answer, seconds)
    return Tried(answer, None, _one_after_another(noted), seconds)


def _one_after_another(noted: Sequence[tuple[str, float]]) -> list[TimedStage]:
    stages, began = list[TimedStage](), 0.0
    for name, seconds in noted:
        stages.append(TimedStage(name, began, seconds))
        began += seconds
    return stages
