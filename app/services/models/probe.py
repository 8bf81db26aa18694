"""Whether a version can be predicted with: one row is sent all the way, and nothing is stored."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import JsonValue

from app.core.errors import AppError, Conflict
from app.db.engine import Sessions
from app.db.records import records
from app.schemas.hosting.deployments import Deployment
from app.services import pipeline
from app.services.failures.user_code import aside
from app.services.hosting.manners import submits
from app.services.inference import Inference
from app.services.pipeline import Computed, Stages
from app.services.pipeline.limits import Time
from app.services.use_case import UseCase, as_it_is

LOOKED_AT = 1000
"""Records, newest first, of which one should fit."""
PAGE = 100
"""Payloads that are held at a time."""


@contextmanager
def not_live(candidate: Deployment, why: str = "") -> Iterator[None]:
    """Say of an error that the candidate did not become live because of it."""
    try:
        yield
    except AppError as error:
        what = f"Version {candidate.version!r} of {candidate.model!r} did not become live{why}."
        raise error.after(what) from error


async def probe(
    sessions: Sessions, use_case: UseCase, inference: Inference, deployment: Deployment, *, seconds: float
) -> Computed | None:
    """Take the newest record that fits the present InputObject through preprocess, platform and postprocess,
    and to the use case's own judge if it has one.

    None where there is no record: then there is nothing to send. None, too, where the platform answers later:
    nothing is sent to it. Raises the AppError of the stage that
    failed, Conflict where no record fits. The platform, retries included, has ``seconds``.
    """
    pipeline.require_features(use_case, deployment)
    payload = await _payload(sessions, use_case, deployment.model)
    if payload is None:
        return None
    now = asyncio.get_running_loop().time()
    deadline = now + seconds
    if submits(deployment):  # its answer may take an hour: only that there is a row to send is tried
        [row] = await Stages(use_case).rows([payload], deployment, Time(now, deadline))
        if isinstance(row, AppError):
            raise row
        return None
    (outcome,) = await pipeline.run(Stages(use_case), inference, deployment, [payload], deadline=deadline)
    if isinstance(outcome, AppError):
        raise outcome
    if use_case.judge is not as_it_is:  # evaluation.py says how predictions are read
        await aside(use_case.judged, outcome.output)
    return outcome


async def _payload(sessions: Sessions, use_case: UseCase, model: str) -> JsonValue:
    """A payload that fits, of a record of the model's if there is one; None where there is no record."""
    own = None if use_case.model_for is None else model
    async with sessions() as session:
        ids = await records.newest(session, use_case.required, limit=LOOKED_AT, model=own)
        looked_at = ids or await records.newest(session, (), limit=1)  # it says what it lacks
    fault: AppError | None = None
    for start in range(0, len(looked_at), PAGE):
        async with sessions() as session:
            payloads = await records.payloads(session, looked_at[start : start + PAGE])
        found = await aside(pipeline.first_fit, use_case, payloads)
        if isinstance(found, AppError):
            fault = fault or found
        elif found is not None:  # the records of the page were not deleted meanwhile
            return found
    if fault is not None:
        raise _none_fits(len(ids), fault)
    return None


def _none_fits(having_all: int, fault: AppError) -> Conflict:
    which = "no record has the fields that the present InputObject requires"
    if having_all:
        which = f"none of the newest {having_all:,} records fits the present InputObject"
    first = f"{fault.errors[0].field}: {fault.errors[0].message}" if fault.errors else fault.detail
    without = "A promotion can do without one (`probe: false`)."
    return Conflict(f"There is no row to send: {which} ({first.rstrip('.')}). {without}")
