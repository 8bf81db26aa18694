"""Keeps the noted revisions of model versions in step with what their platforms have deployed."""

import asyncio
from datetime import timedelta

import structlog

from app.core.errors import AppError
from app.db import models as rows
from app.db.engine import OUTAGES
from app.db.predictions import claims
from app.services.models import versions
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

CLAIMS_KEPT = 600.0
"""Seconds that a dead claim is left in its table."""


async def refresh_forever(runtime: Runtime) -> None:
    """Look every ``revision_refresh`` seconds; each version is looked at by one replica."""
    while True:
        await asyncio.sleep(runtime.settings.revision_refresh)
        try:
            await refresh_all(runtime)
        except OUTAGES as error:  # of a database that is not migrated yet, too
            log.warning("revisions not refreshed", error=type(error).__name__)


async def refresh_all(runtime: Runtime) -> None:
    """The same once, for the worker: a deployment without an API, or with an idle one, notices too."""
    await refresh(runtime, age=runtime.settings.revision_refresh)


async def refresh(runtime: Runtime, *, age: float) -> None:
    """Ask about the versions that nobody asked about for ``age`` seconds, and tidy the claims."""
    async with runtime.database.transactions.begin() as session:
        stale = await rows.take_stale_versions(session, timedelta(seconds=age))
        await claims.purge(session, older_than=CLAIMS_KEPT)
    for version_id in stale:
        try:
            await _refresh_one(runtime, version_id)
        except OUTAGES:
            raise
        except Exception as error:  # one backend's bug must not end the refresh of the others
            log.exception("revision not refreshed", version_id=version_id, error=type(error).__name__)


async def _refresh_one(runtime: Runtime, version_id: int) -> None:
    deployment = await versions.deployment(runtime.database.transactions, version_id)
    named = {"model": deployment.model, "version": deployment.version}
    try:
        found = await runtime.inference.look(deployment)
    except AppError as error:  # of a version that can no longer be opened, too
        log.warning("revision unknown", **named, detail=error.detail)
        return
    if found is None:
        return
    revision, first_only = " and ".join(sorted(found.revisions)), "" if found.at_registration else None
    async with runtime.database.transactions.begin() as session:
        if await rows.set_revision(session, version_id, revision, instead_of=first_only):
            log.info("revision changed", **named, revision=revision)
