"""Postgres: there, of the right kind, migrated, and with room; and what our role may do in it."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.settings import Settings
from app.db import migrate, revisions
from app.db.engine import create_direct_engine, create_owner_engine, run
from app.db.queue import lives
from app.db.server import checkup, soundness
from app.schemas.health import Finding
from app.services.runtime import Sessions
from app.services.upkeep.doctor.looking import Check, fault, ok, skipped, warning

START = "Start Postgres, and look at DATABASE_URL: host, port, user, password, database."
MIGRATE = "Run `python -m app migrate`."
CLOCKS_APART, CLOCKS_FAR_APART = 1.0, 300.0
"""Seconds. AWS refuses what is signed five minutes off (IAM User Guide, Signature Version 4)."""

NEARLY = 0.8
"""Of the server's connections: operators and backups have some, too."""


@dataclass(frozen=True)
class DatabaseChecks:
    """What is asked of the database; ``processes`` are those of the service, on all machines."""

    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    processes: int

    def reaching(self) -> Sequence[Check]:
        """Those that need no table."""
        return (
            Check("database", self.server, START),
            Check("direct address", self.direct, "Look at DATABASE_DIRECT_URL and MIGRATION_DATABASE_URL."),
            Check("clock", self.clock, "Have both machines keep the time (NTP)."),
            Check("migrations", self.migrations, MIGRATE),
        )

    def tables(self) -> Sequence[Check]:
        """Those of a database that is migrated."""
        return (
            Check("role", self.role, "Look at the role's rights."),
            Check("sequences", self.sequences, MIGRATE),
            Check("writes", self.writes, "Point DATABASE_URL at the primary."),
            Check("connections", self.connections, "Look at max_connections."),
        )

    async def server(self) -> Iterable[Finding]:
        async with self.engine.connect() as connection:
            found = await checkup.identity(connection)
            wrong = await soundness.unfitness(connection)
        if wrong is not None:
            return [fault("database", wrong, "Use a server that fits; docs/deploy.md says which.")]
        said = f"Postgres {found.version}, database {found.database!r}, as the role {found.role!r}."
        return [ok("database", said)]

    async def direct(self) -> Iterable[Finding]:
        """Whether the other addresses lead to the same database."""
        name, others = "direct address", self._others()
        if not others:
            return [skipped(name, "DATABASE_URL is the only address.")]
        async with self.engine.connect() as connection:
            here = await checkup.identity(connection)
        return [await _compared(name, setting, engine, here) for setting, engine in others.items()]

    def _others(self) -> dict[str, AsyncEngine]:
        others = dict[str, AsyncEngine]()
        if self.settings.database_direct_url is not None or self.settings.database_pooler:
            others["DATABASE_DIRECT_URL"] = create_direct_engine(self.settings)
        if self.settings.migration_database_url is not None:
            others["MIGRATION_DATABASE_URL"] = create_owner_engine(self.settings)
        return others

    async def clock(self) -> Iterable[Finding]:
        async with self.engine.connect() as connection:
            before = time.time()
            there = (await checkup.now(connection)).timestamp()
            after = time.time()
        apart = max(there - after, before - there, 0.0)  # what the way there takes says nothing
        if apart < CLOCKS_APART:
            return [ok("clock", f"It is the database's, within {after - before + apart:.3f} s.")]
        said = f"This machine's clock and the database's are {apart:,.0f} s apart."
        make = fault if apart >= CLOCKS_FAR_APART else warning
        return [make("clock", said, "Have both machines keep the time (NTP).")]

    async def migrations(self) -> Iterable[Finding]:
        name = "migrations"
        async with self.engine.connect() as connection:
            at = await migrate.heads(connection)
        if at == revisions.head():
            return [ok(name, f"At the newest, {', '.join(at)}.")]
        if not at:
            return [fault(name, "The database was never migrated.", MIGRATE)]
        if revisions.known().issuperset(at):
            said = f"The database is at {', '.join(at)}; this release's newest is {revisions.head()[0]}."
            return [fault(name, said, MIGRATE)]
        said = f"A later release than this one has migrated the database, to {', '.join(at)}."
        return [warning(name, said, "Nothing, while a new release rolls out; else deploy that release here.")]

    async def role(self) -> Iterable[Finding]:
        async with self.engine.connect() as connection:
            lacking = await soundness.missing_rights(connection)
            powers = await soundness.needless_powers(connection)
        if lacking is not None:
            return [fault("role", lacking, f"{MIGRATE} With MIGRATION_DATABASE_URL it gives them.")]
        if await run(self.sessions, soundness.is_unwalled):
            do = "Give the service a role of its own, and migrate as another; docs/tenants.md."
            return [fault("role", soundness.UNWALLED, do)]
        if powers is not None:
            return [warning("role", powers, "docs/deploy.md has the statements.")]
        return [ok("role", "It has the rights that it needs.")]

    async def sequences(self) -> Iterable[Finding]:
        async with self.engine.connect() as connection:
            behind = await soundness.behind(connection)
        if behind:
            return [fault("sequences", migrate.BEHIND.format(", ".join(behind)), MIGRATE)]
        return [ok("sequences", "They are ahead of their tables.")]

    async def writes(self) -> Iterable[Finding]:
        async with self.engine.begin() as connection:
            await soundness.write(connection)
        return [ok("writes", "The database takes them.")]

    async def connections(self) -> Iterable[Finding]:
        """Whether every process gets its connections."""
        if self.settings.database_pooler:
            return [skipped("connections", "A pooler lets more connect than it passes on.")]
        async with self.engine.connect() as connection:
            room = await checkup.room(connection)
        each, processes = self.settings.database_pool_size + 1, self.processes
        processes += await run(self.sessions, lives.count)
        return [_room(room, each, processes)]


def _room(room: checkup.Room, each: int, processes: int) -> Finding:
    wanted = each * processes
    said = (
        f"{processes} processes (service and workers) of {each} connections each may want {wanted} of the"
        f" {room.most} that the database has for them; {room.used} are in use by all."
    )
    do = (
        f"Lower DATABASE_POOL_SIZE (now {each - 1}), raise max_connections, or put a pooler between"
        " (docs/scaling.md)."
    )
    if wanted > room.most:
        return fault("connections", said, do)
    return warning("connections", said, do) if wanted > NEARLY * room.most else ok("connections", said)


async def _compared(check: str, setting: str, engine: AsyncEngine, here: checkup.Identity) -> Finding:
    try:
        async with engine.connect() as connection:
            there = await checkup.identity(connection)
    finally:
        await engine.dispose()
    if there.is_same_database(here):
        return ok(check, f"{setting} leads to the same database, as the role {there.role!r}.")
    said = f"{setting} leads to another server or database ({there.database!r}) than DATABASE_URL."
    return fault(check, said, f"Point {setting} at the same database, past the pooler.")
