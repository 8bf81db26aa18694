"""Predictions with their explanations: what is stored, and for the rest one flight for both."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from app.core.errors import AppError, Unavailable
from app.core.settings import Settings
from app.db.predictions import explanations
from app.db.predictions.explanations import StoredExplanation
from app.schemas.hosting.explained import Contributions
from app.schemas.predictions.explanations import Explanation
from app.services.predictions.predictor import Answer, Ask, Predictor


class ExplainedAnswer(NamedTuple):
    """A prediction, and what made it what it is."""

    answer: Answer
    explanation: Explanation


@dataclass(frozen=True)
class Explaining:
    """A predictor's predictions, explained.

    An explanation is kept with the prediction that it came with. One that is not kept takes a call of its own
    to the platform, which answers both; it is claimed apart from predictions, so that nobody waits for it who
    has not asked for it.
    """

    predictor: Predictor

    @property
    def settings(self) -> Settings:
        return self.predictor.settings

    async def predict(self, record_id: str, ask: Ask) -> ExplainedAnswer:
        """One, or the error of it."""
        answer = (await self.predict_many([record_id], ask))[record_id]
        if isinstance(answer, AppError):
            raise answer
        return answer

    async def predict_many(
        self, record_ids: Sequence[str], ask: Ask
    ) -> dict[str, ExplainedAnswer | AppError]:
        """One or an error per record id. Raises as the predictor does, and InvalidInput where the version has
        no explainer."""
        done = {} if ask.refresh else await self._stored(record_ids, ask)
        if not (left := [one for one in record_ids if one not in done]):
            return {**done}
        answers = await self.predictor.predict_many(left, replace(ask, explain=True))
        good = [answer for answer in answers.values() if isinstance(answer, Answer)]
        found = await explanations.find(self.predictor.database.direct, [answer.id for answer in good])
        return {**done, **{name: _explained(one, found) for name, one in answers.items()}}

    async def _stored(self, record_ids: Sequence[str], ask: Ask) -> dict[str, ExplainedAnswer]:
        hits = await self.predictor.look_up(record_ids, replace(ask, explain=False))
        ids = [answer.id for answer in hits.values()]
        found = await explanations.find(self.predictor.database.direct, ids) if ids else {}
        return {
            name: ExplainedAnswer(answer, read(found[answer.id]))
            for name, answer in hits.items()
            if answer.id in found
        }


def _explained(answer: Answer | AppError, found: dict[int, StoredExplanation]) -> ExplainedAnswer | AppError:
    if isinstance(answer, AppError):
        return answer
    if answer.id not in found:
        return Unavailable(
            "The prediction was removed meanwhile, and its explanation with it.", retry_after=1
        )
    return ExplainedAnswer(answer, read(found[answer.id]))


def read(stored: StoredExplanation) -> Explanation:
    """An explanation as callers are given it."""
    said = Contributions.model_validate_json(stored.value)
    return Explanation(**dict(said), computed_at=stored.computed_at)
