"""Looks at all that the service needs, part by part, and says of each fault what to do about it.

Every check has a time of its own, and none hides another: what needs the database is left out where that is
away, and the rest is looked at.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from app.core.settings import Settings
from app.db.engine import Database, open_database
from app.schemas.health import Finding
from app.services.inference import Inference
from app.services.upkeep.doctor import keys, storage, work
from app.services.upkeep.doctor.database import DatabaseChecks
from app.services.upkeep.doctor.looking import Check, looked, skipped
from app.services.upkeep.doctor.models import ModelChecks
from app.services.upkeep.doctor.own_settings import ReadSettings, read
from app.services.use_case import UseCase, load

__all__ = ["examine", "read"]

OF_USE_CASE = "Set right what it names; `python -m app code` loads it, too."
OF_STORAGE = 30.0
"""Seconds for its four calls, each of which boto3 may make three times."""
HARMLESS = ("ok", "warning", "skipped")


async def examine(given: ReadSettings, *, probes: bool = False, processes: int = 1) -> list[Finding]:
    """All that is found, after what reading the settings has.

    ``probes``: a row is sent to each live version. ``processes`` are those of the service, on all machines.
    """
    settings = given.settings
    if settings is None:
        return [*given.findings, skipped("all else", "The settings cannot be read.")]
    database, inference = open_database(settings), Inference(settings)
    try:
        of_storage, of_code = await asyncio.gather(
            looked(Check("storage", partial(storage.look, settings), storage.DO, seconds=OF_STORAGE)),
            looked(Check("use case", partial(work.use_case, settings), OF_USE_CASE, seconds=20)),
        )
        case = load(settings.use_case) if of_code[0].status == "ok" else None
        doctor = _Doctor(settings, database, inference, case, probes=probes, processes=processes)
        rest = await doctor.all() if given.has_database else doctor.without("DATABASE_URL cannot be used.")
        return [*given.findings, *of_code, *of_storage, *rest]
    finally:
        await inference.aclose()
        await database.aclose()


class _Doctor:
    """What goes by the database, one check after the other: they share few connections."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        inference: Inference,
        use_case: UseCase | None,
        *,
        probes: bool,
        processes: int,
    ) -> None:
        engine, sessions = database.engine, database.statements
        of_database = DatabaseChecks(settings, engine, sessions, processes)
        self._reaching = of_database.reaching()
        self._with_tables = (
            *of_database.tables(),
            *work.WorkChecks(settings, engine, sessions, use_case).all(),
            Check("keys", partial(keys.look, settings, sessions), keys.CREATE),
            *ModelChecks(settings, sessions, inference, use_case, probes).all(),
        )

    async def all(self) -> list[Finding]:
        first, *others = self._reaching
        found = await looked(first)
        if not _is_harmless(found):
            return found + self._skip((*others, *self._with_tables), "The database cannot be asked.")
        for check in others:
            found += await looked(check)
        if not _is_harmless([one for one in found if one.check == "migrations"]):
            return found + self._skip(self._with_tables, "The database has not the tables of this release.")
        for check in self._with_tables:
            found += await looked(check)
        return found

    def without(self, why: str) -> list[Finding]:
        return self._skip((*self._reaching, *self._with_tables), why)

    @staticmethod
    def _skip(checks: Sequence[Check], why: str) -> list[Finding]:
        return [skipped(check.name, why) for check in checks]


def _is_harmless(found: Sequence[Finding]) -> bool:
    return all(one.status in HARMLESS for one in found)
