"""Asking again for what may pass, as long as it leads somewhere; of a predictor that is told what to say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

import pytest

from app.core.errors import AppError, BackendDown, BackendRejected, NotInTime
from app.core.settings import Settings
from app.services.predictions import patience
from app.services.predictions.predictor import Answer, Ask, Predictor

ASK = Ask("m")
LATE, DOWN, NO = NotInTime("late"), BackendDown("down"), BackendRejected("no")


def answer(record_id: str) -> Answer:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Answer(1, record_id, "hash", "1.5", "MISS", "m", "1", "r", now, 0)


@dataclass
class Said:
    """Has a list of errors for each record, one a round; an answer when they are through."""

    errors: dict[str, list[AppError]]
    rounds: list[list[str]] = field(default_factory=list)
    settings: Settings = field(
        default_factory=lambda: Settings(database_url="postgresql://x", failure_hold=0, _env_file=None)
    )

    async def predict_many(self, record_ids: Sequence[str], _: Ask) -> dict[str, Answer | AppError]:
        self.rounds.append([*record_ids])
        return {one: self.errors[one].pop(0) if self.errors.get(one) else answer(one) for one in record_ids}

    async def asked(self, record_ids: Sequence[str], *, last: bool = False) -> dict[str, Answer | AppError]:
        return await patience.predict_many(cast(Predictor, self), record_ids, ASK, last=last)


async def test_what_passes_is_asked_for_again_while_some_is_settled() -> None:
    said = Said({"b": [LATE], "c": [LATE, DOWN], "d": [NO]})
    answers = await said.asked(["a", "b", "c", "d", "a"])
    assert said.rounds == [["a", "b", "c", "d"], ["b", "c"], ["c"]]
    assert {one for one, got in answers.items() if isinstance(got, Answer)} == {"a", "b", "c"}
    assert answers["d"] is NO


async def test_a_round_that_settles_nothing_is_the_last_one() -> None:
    said = Said({"a": [DOWN] * 9, "b": [LATE, DOWN, DOWN]})
    with pytest.raises(BackendDown):
        await said.asked(["a", "b"])
    assert len(said.rounds) == 1
    assert (await said.asked(["a", "c"], last=True))["a"] is DOWN
    assert said.rounds[1:] == [["a", "c"], ["a"]]


async def test_without_records_there_is_nothing_to_ask() -> None:
    assert await Said({}).asked([]) == {}
