"""A version beside the one that is live, for who is to decide whether it shall be."""

from typing import NamedTuple

from app.core.errors import AppError
from app.db.engine import Sessions
from app.schemas.evaluations.runs import Comparison, Run
from app.services.evaluations import comparison, runs
from app.services.evaluations.verdicts import by_versions, sentence
from app.services.use_case import UseCase


class Weighed(NamedTuple):
    """Two versions beside each other: the runs that were compared, what came of it, and a sentence."""

    a: Run
    b: Run
    comparison: Comparison
    sentence: str


async def weigh(sessions: Sessions, use_case: UseCase, model: str, a: str, b: str) -> Weighed | str:
    """Version b of a model beside version a, over all records of a window; a text says why there is nothing
    to show."""
    try:
        ids = await by_versions.newest_runs(sessions, use_case, model, a, b)
        found = await comparison.compare(sessions, use_case, *ids, whole=True)
    except AppError as error:
        return error.detail
    before, after = [await runs.about(sessions, one) for one in ids]
    return Weighed(before, after, found, sentence.of(found.metrics, f"version {b}"))
