"""Whether a version can be predicted with: one row is sent all the way, and nothing is stored."""

import asyncio

from app.core.errors import AppError
from app.db.engine import Sessions
from app.db.records import records
from app.schemas.hosting.deployments import Deployment
from app.services import pipeline
from app.services.inference import Inference
from app.services.pipeline import Computed
from app.services.use_case import UseCase, as_it_is

CANDIDATES = 10
"""Records that have the required fields, of which one should fit."""


async def probe(
    sessions: Sessions, use_case: UseCase, inference: Inference, deployment: Deployment, *, seconds: float
) -> Computed | None:
    """Take the newest record that fits the present InputObject through preprocess, platform and postprocess,
    and to the use case's own judge if it has one.

    None where no record fits: then there is nothing to send. Raises the AppError of the stage that failed;
    the platform, retries included, has ``seconds``.
    """
    pipeline.require_features(use_case, deployment)
    async with sessions() as session:
        newest = await records.newest_payloads(session, use_case.required, limit=CANDIDATES)
    payload = await asyncio.to_thread(pipeline.first_fit, use_case, newest)
    if payload is None:
        return None
    deadline = asyncio.get_running_loop().time() + seconds
    (outcome,) = await pipeline.run(use_case, inference, deployment, [payload], deadline=deadline)
    if isinstance(outcome, AppError):
        raise outcome
    if use_case.judge is not as_it_is:  # evaluation.py says how predictions are read
        await asyncio.to_thread(use_case.judged, outcome.output)
    return outcome
