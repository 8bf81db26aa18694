"""Predictions for work that has time: what failed for a reason that passes is asked for again."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from app.core.errors import AppError
from app.core.errors.still_computing import StillComputing
from app.core.settings import Settings
from app.services.predictions.answer import Ask
from app.services.predictions.storing import LONGEST_HOLD

GivenT = TypeVar("GivenT", covariant=True)
AnsweredT = TypeVar("AnsweredT")


class Predicts(Protocol[GivenT]):
    """The predictor, or what gives more than it does."""

    @property
    def settings(self) -> Settings: ...

    async def predict_many(self, record_ids: Sequence[str], ask: Ask) -> Mapping[str, GivenT | AppError]: ...


async def predict_many(
    predictor: Predicts[AnsweredT], record_ids: Sequence[str], ask: Ask, *, last: bool
) -> dict[str, AnsweredT | AppError]:
    """As the predictor does, again for what may pass as long as each time some of it was settled.

    The error of what is left is raised then, for another attempt to get over; the ``last`` one gives it as
    it is.
    """
    answers: dict[str, AnsweredT | AppError] = {}
    wanted = list(dict.fromkeys(record_ids))
    while True:
        answers |= await predictor.predict_many(wanted, ask)
        left = {one: error for one in wanted if (error := _passing(answers[one])) is not None}
        if len(left) in (0, len(wanted)):
            break
        wanted = list(left)
        await asyncio.sleep(max(_hold(predictor, error) for error in left.values()))
    if left and not last:
        raise next(iter(left.values()))
    return answers


def _passing(answer: object) -> AppError | None:
    """Not what is computed by an operation, for a caller that comes back for it."""
    if isinstance(answer, StillComputing) and answer.accepted:
        return None
    return answer if isinstance(answer, AppError) and answer.retryable else None


def _hold(predictor: Predicts[object], error: AppError) -> float:
    """Seconds for which the error is shared, and nothing would be tried."""
    return max(predictor.settings.failure_hold, min(error.retry_after or 0, LONGEST_HOLD))
