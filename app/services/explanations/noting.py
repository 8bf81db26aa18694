"""Notes what is told of predictions that may be explained."""

from collections.abc import Mapping

from app.core.errors import AppError
from app.core.signals.answered import Origin, note_each
from app.services.explanations.explaining import ExplainedAnswer
from app.services.predictions.predictor import Answer


def note(origin: Origin, told: Mapping[str, object], seconds: float) -> None:
    """The answers of a batch, explained or not, and the errors, which came together after so long."""
    note_each(origin, [_answer(one) for one in told.values()], seconds)


def _answer(one: object) -> Answer | AppError:
    if isinstance(one, ExplainedAnswer):
        return one.answer
    assert isinstance(one, Answer | AppError), "nothing else is told"
    return one
