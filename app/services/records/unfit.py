"""Records that lack a field which the present InputObject requires, such as those of another use case."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.db.engine import Sessions
from app.db.records import windows
from app.db.records.windows import Window
from app.services.use_case import UseCase


@dataclass(frozen=True)
class UnfitRecord:
    """A record by its id, and the fields that it lacks."""

    record_id: str
    lacking: Sequence[str]


async def count(sessions: Sessions, use_case: UseCase) -> int:
    """How many there are; reads every record."""
    async with sessions() as session:
        return (await windows.count(session, Window(required=use_case.required))).unfit


async def first(sessions: Sessions, use_case: UseCase, *, limit: int) -> list[UnfitRecord]:
    """At most so many of them, by the order of their ids."""
    async with sessions() as session:
        found = await windows.unfit(session, Window(required=use_case.required), limit=limit)
    return [UnfitRecord(record_id, _lacking(use_case, payload)) for record_id, payload in found]


def _lacking(use_case: UseCase, payload: object) -> list[str]:
    held = payload if isinstance(payload, dict) else {}
    return [name for name in use_case.required if name not in held]
