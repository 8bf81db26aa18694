"""The models that records have of their own, found anew: stored are those of the code that wrote them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.core.errors import FieldError, InvalidInput
from app.db.engine import Sessions
from app.db.records import records as rows
from app.db.records.records import NewRecord
from app.services.failures.user_code import aside
from app.services.use_case import UseCase

BATCH = 1000
"""Records that are read, and written, at a time."""
LISTED = 20
"""Records that are named of those that the code finds no model for."""


@dataclass
class Remodelled:
    """How many records were looked at, of how many the model is another one now, and how many do not fit the
    present code: those keep the one they have. ``faults`` are what is wrong with the first of them."""

    records: int = 0
    changed: int = 0
    unfit: int = 0
    faults: list[FieldError] = field(default_factory=list)

    def leave_out(self, record_id: str, error: InvalidInput) -> None:
        self.unfit += 1
        if len(self.faults) < LISTED:
            why = "; ".join(f"{one.field}: {one.message}" for one in error.errors) or error.detail
            self.faults.append(FieldError(record_id, why))


async def remodel(
    sessions: Sessions, use_case: UseCase, *, dry_run: bool = False, said: Callable[[int], None]
) -> Remodelled:
    """Evaluate ``model_for`` for every record, batch by batch, and say after each how many that were.

    UserCodeError where it fails; what was changed before stays so. A record whose content is replaced
    meanwhile has the model that its writer found.
    """
    found, after = Remodelled(), ""
    while True:
        async with sessions() as session:
            batch = await rows.contents(session, after=after, limit=BATCH)
        if not batch:
            return found
        after = batch[-1].id
        new = await aside(_named, use_case, batch, found)
        async with sessions.begin() as session:
            found.changed += await rows.note_own_models(session, new)
            if dry_run:
                await session.rollback()
        found.records += len(batch)
        said(found.records)


def _named(use_case: UseCase, batch: Sequence[NewRecord], found: Remodelled) -> list[NewRecord]:
    named: list[NewRecord] = []
    for one in batch:
        try:
            model = use_case.own_model(use_case.parse(json.loads(one.payload)))
            named.append(one._replace(own_model=model))
        except InvalidInput as error:
            found.leave_out(one.id, error)
    return named
