"""Whether the service can work, part by part."""

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import AppError, BackendThrottled, Misconfigured, Unavailable
from app.db import migrate
from app.db.engine import OUTAGES, is_disk_full, outage_in_words, run
from app.db.queue import lives
from app.db.server import soundness
from app.db.server.outages import is_read_only
from app.schemas.access.callers import CURRENT
from app.schemas.health import PartStatus, Readiness
from app.schemas.hosting.deployments import Deployment
from app.services.models import versions
from app.services.pipeline import require_features
from app.services.runtime import Runtime
from app.services.upkeep.parts import NotKnown, Part
from app.services.upkeep.platforms import look_at_all

KEPT, PLATFORM_KEPT = 3.0, 15.0
"""Seconds that a finding is remembered, so that probes are no load; platforms limit such questions."""
NAMING = {
    "versions": "A live version cannot be used; a key that is bound to nothing is told which.",
    "platform": "The platform of a live version is away; a key that is bound to nothing is told which.",
}
"""What those are told of parts whose reasons name versions to whom no names are told."""

_Failure: TypeAlias = tuple[Deployment, AppError]


class Health:
    """The parts of one process."""

    def __init__(self, runtime: Runtime) -> None:
        self._database, self._inference = runtime.database, runtime.inference
        self._use_case = runtime.use_case
        self._parts = [
            Part("database", self._look_at_database, kept=KEPT, needed=True),
            Part("migrations", self._look_at_migrations, kept=KEPT, needed=True),
            Part("writes", self._look_at_writes, kept=KEPT),
            Part("room", self._look_for_room, kept=KEPT),
            Part("workers", self._look_for_workers, kept=KEPT),
            Part("versions", self._look_at_versions, kept=KEPT),
            Part("platform", self._look_at_platforms, kept=PLATFORM_KEPT),
            Part("tenants", self._look_for_walls, kept=KEPT),
        ]
        if runtime.storage is not None:
            self._parts.append(Part("storage", runtime.storage.check, kept=KEPT))
        self._is_shutting_down = False

    def shut_down(self) -> None:
        """Be unavailable from now on."""
        self._is_shutting_down = True

    @property
    def is_shutting_down(self) -> bool:
        return self._is_shutting_down

    async def readiness(self) -> Readiness:
        """What there is of the parts, looked at all at once. No version is named to a caller who may not know
        of all of them."""
        found = await asyncio.gather(*(part.status() for part in self._parts))
        parts = {part.name: _told(part.name, status) for part, status in zip(self._parts, found, strict=True)}
        missing = [part for part in self._parts if parts[part.name].status != "ok"]
        if self._is_shutting_down:
            parts["process"] = PartStatus(status="unavailable", reason="It is shutting down.")
        if self._is_shutting_down or any(part.needed for part in missing):
            return Readiness(status="unavailable", parts=parts)
        return Readiness(status="degraded" if missing else "ok", parts=parts)

    async def aclose(self) -> None:
        """Give up the looks that are under way."""
        for part in self._parts:
            await part.aclose()

    async def _look_at_database(self) -> str | None:
        """Whether it answers, is of the right kind, and lets our role at the tables; and at no more."""

        async def look(session: AsyncSession) -> tuple[str | None, str | None]:
            connection = await session.connection()
            wrong = await soundness.unfitness(connection) or await soundness.missing_rights(connection)
            return wrong, await soundness.needless_powers(connection)

        wrong, remark = await run(self._database.statements, look)
        if wrong is not None:
            raise Unavailable(wrong)
        return remark

    async def _look_at_migrations(self) -> None:
        try:
            async with self._database.statements() as session:
                connection = await session.connection()
                current = await migrate.is_current(connection)
                behind = await soundness.behind(connection) if current else ()
        except OUTAGES as error:
            raise NotKnown from error
        if not current:
            raise Unavailable(migrate.NOT_MIGRATED)
        if behind:
            raise Unavailable(migrate.BEHIND.format(", ".join(behind)))

    async def _look_at_writes(self) -> None:
        """Whether it is to be written: a standby is not, nor is one that turned read-only."""

        async def write(session: AsyncSession) -> None:
            await soundness.write(await session.connection())

        try:
            # In a transaction: behind a pooler that is what has a connection closed that writes no more.
            await run(self._database.transactions, write)
        except OUTAGES as error:
            if is_read_only(error):
                raise Unavailable(outage_in_words(error)) from error
            raise NotKnown from error

    async def _look_for_room(self) -> None:
        """Whether the database can write: a snapshot is exported into a small file, and goes at once."""
        try:
            async with self._database.transactions() as session:
                await session.execute(text("select pg_export_snapshot()"))
        except OUTAGES as error:
            if is_disk_full(error):
                raise Unavailable("The database's disk is full: nothing new can be stored.") from error
            raise NotKnown from error

    async def _look_for_workers(self) -> None:
        """Whether a worker lives; where nothing is due for one nobody may want any."""
        try:
            due = await run(self._database.statements, lives.left_undone)
        except OUTAGES as error:
            raise NotKnown from error
        if due:
            raise Unavailable(
                f"No worker runs (python -m app worker), and there are {' and '.join(due)} due."
            )

    async def _look_at_versions(self) -> None:
        """Whether preprocess makes the features of every live version."""
        failures: list[AppError] = []
        for deployment in await self._live():
            try:
                require_features(self._use_case, deployment)
            except Misconfigured as error:
                failures.append(error)
        if failures:
            raise Unavailable(f"{failures[0].detail}{_and_more(failures)}")

    async def _look_at_platforms(self) -> None:
        """Whether the platform of every live version answers; nothing is inferred."""
        failures: list[_Failure] = [
            (one, error)
            for one, error in await look_at_all(self._inference, await self._live())
            if isinstance(error, AppError) and not isinstance(error, BackendThrottled)  # which is there
        ]
        if failures:
            first, error = failures[0]
            named = f"{first.model} version {first.version}: {error.detail}{_and_more(failures)}"
            raise Unavailable(named) from (error.__cause__ or error)

    async def _look_for_walls(self) -> None:
        """Whether Postgres keeps tenants apart, too, where there are any."""
        try:
            is_open = await run(self._database.statements, soundness.is_unwalled)
        except OUTAGES as error:
            raise NotKnown from error
        if is_open:
            raise Unavailable(soundness.UNWALLED)

    async def _live(self) -> list[Deployment]:
        try:
            return await versions.live_deployments(self._database.transactions)
        except OUTAGES as error:
            raise NotKnown from error


def _told(part: str, found: PartStatus) -> PartStatus:
    if found.status != "unavailable" or part not in NAMING or not CURRENT.get().is_bound:
        return found
    return PartStatus(status="unavailable", reason=NAMING[part])


def _and_more(failures: Sequence[object]) -> str:
    return f" And {len(failures) - 1} more." if len(failures) > 1 else ""
