"""Keeps what is noted of model versions in step with what their platforms have in service."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import structlog
from pydantic import JsonValue

from app.core.errors import AppError
from app.db import looks as rows
from app.db.engine import OUTAGES
from app.db.predictions import claims
from app.db.tables import ModelVersionRow
from app.services.hosting.looks import place_of
from app.services.models import looks
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

CLAIMS_KEPT = 600.0
"""Seconds that a dead claim is left in its table."""
AT_ONCE = 8
"""Places of one platform that are looked at at once; no platform waits for another."""


async def refresh_forever(runtime: Runtime) -> None:
    """Look every ``revision_refresh`` seconds; each place is looked at by one replica. A round is not waited
    for: a place that says nothing is left out of the next one, and delays no other."""
    under_way: set[str] = set()
    async with asyncio.TaskGroup() as rounds:
        while True:
            await asyncio.sleep(runtime.settings.revision_refresh)
            rounds.create_task(_round(runtime, under_way))


async def _round(runtime: Runtime, under_way: set[str]) -> None:
    try:
        await refresh(runtime, age=runtime.settings.revision_refresh, under_way=under_way)
    except OUTAGES as error:  # of a database that is not migrated yet, too
        log.warning("revisions not refreshed", error=type(error).__name__)


async def refresh_all(runtime: Runtime) -> None:
    """The same once, for the worker: a deployment without an API, or with an idle one, notices too."""
    await refresh(runtime, age=runtime.settings.revision_refresh)


async def refresh(runtime: Runtime, *, age: float, under_way: set[str] | None = None) -> None:
    """Look at the places that nobody looked at for ``age`` seconds, and tidy the claims.

    Those that are ``under_way`` are left out; what is begun here is added, until it is done. A server that
    scales to zero is left asleep if it has not been used for so long either.
    """
    busy = set[str]() if under_way is None else under_way
    async with runtime.database.transactions.begin() as session:
        for version in await rows.without_place(session):
            await rows.set_place(session, version.id, _place(version))
    async with runtime.database.transactions.begin() as session:
        stale = await rows.take_stale(session, timedelta(seconds=age))
        await claims.purge(session, older_than=CLAIMS_KEPT)
    platforms: dict[str, list[str]] = defaultdict(list)
    for place in stale:
        if place in busy:
            continue
        busy.add(place)
        platforms[place.partition(" ")[0]].append(place)
    outcomes = await asyncio.gather(
        *(_look_at_all(runtime, places, busy, age) for places in platforms.values()), return_exceptions=True
    )
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


def _place(version: ModelVersionRow) -> str:
    try:
        return place_of(version.backend, cast(dict[str, JsonValue], version.options))
    except AppError:  # it can no longer be opened, which each look will say
        return f"{version.backend} version {version.id}"


async def _look_at_all(runtime: Runtime, places: Sequence[str], busy: set[str], age: float) -> None:
    """In their order, so many at a time."""
    left = iter(places)

    async def look_on() -> None:
        for place in left:
            await _look_at(runtime, place, age)
            busy.discard(place)

    try:
        await asyncio.gather(*(look_on() for _ in range(AT_ONCE)))
    finally:
        busy.difference_update(places)


async def _look_at(runtime: Runtime, place: str, age: float) -> None:
    sessions = runtime.database.transactions
    try:
        await looks.look_at(sessions, runtime.inference, place, used_within=age)
    except OUTAGES:
        raise
    except Exception as error:  # one backend's bug must not end the refresh of the others
        log.exception("revision not refreshed", place=place, error=type(error).__name__)
