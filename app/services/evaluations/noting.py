"""Notes what runs are told of predictions."""

from collections.abc import Mapping

from app.core.errors import AppError
from app.core.signals.answered import note_each
from app.services.explanations.explaining import ExplainedAnswer
from app.services.predictions.predictor import Answer


def note(told: Mapping[str, object], seconds: float) -> None:
    """The answers of a batch, explained or not, and the errors, which came together after so long."""
    note_each("evaluation", [_answer(one) for one in told.values()], seconds)


def _answer(one: object) -> Answer | AppError:
    if isinstance(one, ExplainedAnswer):
        return one.answer
    assert isinstance(one, Answer | AppError), "there is nothing else that runs are told"
    return one
