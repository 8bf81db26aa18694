"""What is noted of versions is changed by looks at their platforms, and by nothing else."""

import asyncio
from collections.abc import Sequence
from contextvars import Context
from dataclasses import replace
from typing import cast

import structlog
from pydantic import JsonValue
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.backends.base import Deployed
from app.core.errors import AppError
from app.db import looks as db
from app.db.engine import OUTAGES, Sessions
from app.db.looks import Start
from app.db.tables import ModelVersionRow
from app.schemas.hosting.deployments import Deployment, InService
from app.services.hosting.looks import wakes
from app.services.inference import Inference

log = structlog.get_logger(__name__)

NEVER = InService()
"""What is noted of a version of which no look has told anything."""
REMEMBERED = 5
"""Looks that a revision outlives which none of them sees, where each asks one of several servers."""
PAUSE = 1.0
"""Seconds before one version is looked at again because a reply told what was not noted."""


def in_service(number: int, seen: Deployed | None, before: InService = NEVER) -> InService:
    """What the look of this number has seen, where ``before`` was noted. None: the platform could not say."""
    if seen is None:
        return NEVER
    changed = before.unclear or before.revisions not in (NEVER.revisions, seen.revisions)
    return InService(
        number,
        seen.revisions,
        seen.variants,
        seen.pending,
        unclear=seen.unclear and changed,
        surroundings=seen.surroundings,
        changed=seen.changed,
    )


async def look_at(
    sessions: Sessions, inference: Inference, place: str, *, used_within: float | None = None
) -> None:
    """Look at a place, and note what is in service for each version there. ``used_within``: what the look
    would wake is left out, unless it has inferred something in the last so many seconds."""
    async with sessions.begin() as session:
        start = await db.begin(session)
    async with sessions() as session:
        rows = await db.at_place(session, place)
        if used_within is not None:
            rows = await _awake(session, rows, used_within)
    if not rows:
        return
    seen = await inference.looks([_deployment(row) for row in rows])
    same: list[tuple[int, InService]] = []
    for (model, version), one in zip(rows, seen, strict=True):
        if isinstance(one, AppError):  # what was known before still stands
            log.warning("revision unknown", model=model, version=version.version, detail=one.detail)
            continue
        if (found := await _unlike(sessions, version, one, start)) is not None:
            same.append((version.id, found))
    async with sessions.begin() as session:
        await db.confirm(session, same, newest_id=start.newest_id)


async def _awake(
    session: AsyncSession, rows: Sequence[Row[str, ModelVersionRow]], seconds: float
) -> Sequence[Row[str, ModelVersionRow]]:
    sleepers = {version.id for _, version in rows if wakes(version.backend, version.options)}
    if sleepers:
        sleepers -= await db.used_within(session, [*sleepers], seconds)
    return [row for row in rows if row[1].id not in sleepers]


def _deployment(row: Row[str, ModelVersionRow]) -> Deployment:
    model, version = row
    options = cast(dict[str, JsonValue], version.options)
    return Deployment(version.id, model, version.version, version.backend, options, tuple(version.features))


async def _unlike(
    sessions: Sessions, version: ModelVersionRow, seen: Deployed | None, start: Start
) -> InService | None:
    """Note what is not as it was; else what was found, with the noted epoch."""
    noted = InService.of(version.epoch, version.revisions, version.deployed)
    if isinstance(seen, Deployed) and not seen.partial:
        found = in_service(start.number, seen, noted)
        if noted.still(found):
            return replace(found, epoch=noted.epoch)
    async with sessions.begin() as session:
        now = await db.lock(session, version.id)
        if now is None or now.epoch >= start.number:  # deleted, or a later look was faster
            return None
        found = await _found(session, version.id, now, seen, start)
        if now.still(found):  # where the platform cannot say, nothing was confirmed
            return None if seen is None else replace(found, epoch=now.epoch)
        await db.note(session, version.id, found, newest_id=start.newest_id)
    log.info("revision changed", version_id=version.id, revision=found.in_words, pending=found.is_unsettled)
    return None


async def _found(
    session: AsyncSession, version_id: int, now: InService, seen: Deployed | None, start: Start
) -> InService:
    if seen is not None and seen.at_registration and now.revisions != {""}:
        return replace(now, epoch=start.number)
    if seen is not None and not seen.partial:
        return in_service(start.number, seen, now)
    told = await db.told_since(session, version_id)
    if seen is None:
        return replace(now, epoch=start.number, revisions=told or now.revisions)
    return _with_others(in_service(start.number, seen, now), now, seen.revisions | told)


def _with_others(found: InService, before: InService, seen: frozenset[str]) -> InService:
    """One of several servers was asked: what others have stays for as long as it is seen now and then."""
    earlier = {name: before.unseen.get(name, 0) + 1 for name in before.revisions - {""}}
    unseen = {name: count for name, count in earlier.items() if count <= REMEMBERED}
    unseen |= dict.fromkeys(seen, 0)
    return replace(found, revisions=frozenset(unseen), unseen=unseen)


class PromptLooks:
    """Looks that replies ask for, by telling a revision that is not noted: in the background, one at a time
    for each version, and not again within a moment."""

    def __init__(self, sessions: Sessions, inference: Inference) -> None:
        self._sessions, self._inference = sessions, inference
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def ask(self, version_id: int) -> None:
        """Look soon."""
        if version_id not in self._tasks:
            # Not for who happened to be answered: it concerns everybody's predictions of the version.
            task = asyncio.get_running_loop().create_task(self._look(version_id), context=Context())
            self._tasks[version_id] = task
            loop = asyncio.get_running_loop()
            task.add_done_callback(lambda _: loop.call_later(PAUSE, self._tasks.pop, version_id, None))

    @property
    def busy(self) -> bool:
        """Whether a look is under way."""
        return any(not task.done() for task in self._tasks.values())

    async def _look(self, version_id: int) -> None:
        try:
            async with self._sessions() as session:
                place = await db.place_of(session, version_id)
            if place is not None:
                await look_at(self._sessions, self._inference, place)
        except OUTAGES as error:
            log.warning("revisions not refreshed", error=type(error).__name__)

    async def aclose(self) -> None:
        for task in (tasks := list(self._tasks.values())):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def warning(deployment: Deployment, seen: Deployed | None) -> str | None:
    """What a caller who registers this version should know of what is in service."""
    if seen is None or max(len(seen.variants), len(seen.revisions)) < 2:
        return None
    names = ", ".join(sorted(seen.variants) or sorted(seen.revisions))
    return (
        f"Several share the traffic of version {deployment.version!r}: {names}. Their answers mix, in the "
        "cache and in evaluations; to have one of them, register a version whose options name it."
    )
