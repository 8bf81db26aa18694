"""Whether the use case can be used, who works, on which code, and what waits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.settings import Settings
from app.db.engine import run
from app.db.queue import lives, waiting
from app.db.server import checkup, codes
from app.schemas.health import Finding
from app.services.failures.user_code import aside
from app.services.records import unfit
from app.services.runtime import Sessions
from app.services.upkeep.doctor.looking import Check, ok, skipped, warning
from app.services.use_case import UseCase, load

START = "Start one: `python -m app worker`."
LONG = 300.0
"""Seconds that something waits for a worker before that is worth a word."""


async def use_case(settings: Settings) -> Iterable[Finding]:
    """Whether the four files load; Misconfigured or UserCodeError says what is wrong with them."""
    found = await aside(load, settings.use_case)
    own = settings.pipeline_version
    code = (
        f"its key is PIPELINE_VERSION {own!r}"
        if own
        else f"the fingerprint of its code is {found.fingerprint}"
    )
    place = settings.use_case or "the four files"
    return [ok("use case", f"{place}: {len(found.features)} features; {code}.")]


@dataclass(frozen=True)
class WorkChecks:
    """``use_case`` is None where it cannot be loaded."""

    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    use_case: UseCase | None

    def all(self) -> Sequence[Check]:
        return (
            Check("workers", self.workers, START),
            Check("queue", self.queue, START),
            Check("code", self.code, "Deploy one release everywhere."),
            Check("records", self.records, "`python -m app records unfit` shows them.", late="skipped"),
        )

    async def workers(self) -> Iterable[Finding]:
        alive = await run(self.sessions, lives.count)
        if alive:
            return [ok("workers", f"{alive} alive.")]
        due = await run(self.sessions, lives.left_undone)
        if due:
            said = f"No worker runs, and there are {' and '.join(due)} due."
            return [Finding(check="workers", status="unavailable", said=said, do=START)]
        said = "No worker runs: evaluations, jobs and what is answered later would wait."
        return [warning("workers", said, START)]

    async def queue(self) -> Iterable[Finding]:
        waits = [one for one in await run(self.sessions, waiting.count) if one.number]
        if not waits:
            return [ok("queue", "Nothing waits for a worker.")]
        said = "; ".join(
            f"{one.number:,} {one.kind}, the oldest for {_ago(one.since):,.0f} s" for one in waits
        )
        if max(_ago(one.since) for one in waits) < LONG:
            return [ok("queue", f"Waiting: {said}.")]
        do = f"Start more workers, and look at the log of those that run. {START}"
        return [warning("queue", f"Waiting: {said}.", do)]

    async def code(self) -> Iterable[Finding]:
        """Whether services and workers answer with this code: each other one fills a cache of its own."""
        if self.use_case is None:
            return [skipped("code", "The use case cannot be loaded.")]
        own = self.settings.pipeline_version or self.use_case.fingerprint
        do = "Deploy one release everywhere; `python -m app code` says what the fingerprint is made of."
        if await run(self.sessions, lambda session: codes.is_another(session, own)):
            return [warning("code", f"Services or workers run, and none of them on this code, {own}.", do)]
        async with self.engine.connect() as connection:
            lately = await checkup.codes_lately(connection)
        if others := [one for one in lately if one != own]:
            said = f"In the last hour predictions were made with other code than {own}: {', '.join(others)}."
            return [warning("code", said, do)]
        if not lately:
            return [ok("code", "Nothing was predicted in the last hour.")]
        return [ok("code", "What was predicted in the last hour was with this code.")]

    async def records(self) -> Iterable[Finding]:
        if self.use_case is None:
            return [skipped("records", "The use case cannot be loaded.")]
        count = await unfit.count(self.sessions, self.use_case)
        if not count:
            return [ok("records", "All have the fields that InputObject requires.")]
        said = (
            f"{count:,} records lack a field that InputObject requires; jobs and evaluations leave them out."
        )
        return [
            warning(
                "records", said, "`python -m app records unfit` shows them, `purge --unfit` deletes them."
            )
        ]


def _ago(since: datetime | None) -> float:
    return 0.0 if since is None else (datetime.now(UTC) - since).total_seconds()
