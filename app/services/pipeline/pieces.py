"""A batch of payloads goes through the pipeline in pieces: a thousand images take more than as many rows."""

import asyncio
from collections.abc import Sequence

from pydantic import JsonValue

from app.schemas.hosting.deployments import Deployment
from app.services.hosting.search import together
from app.services.inference import Inference
from app.services.pipeline.batch import Outcome
from app.services.pipeline.batch import run as run_together
from app.services.pipeline.stages import Stages

PIECE, AT_ONCE = 8, 8
"""Items that go together, and pieces that are under way: their product is how many payloads are in memory."""


async def run(
    stages: Stages,
    inference: Inference,
    deployment: Deployment,
    payloads: Sequence[JsonValue],
    *,
    deadline: float,
) -> list[Outcome]:
    """See ``run_together``. What hangs holds up its own piece."""
    if not stages.make_payloads or len(payloads) <= PIECE:
        return await run_together(stages, inference, deployment, payloads, deadline=deadline)
    slots = asyncio.Semaphore(AT_ONCE)

    async def piece(start: int) -> list[Outcome]:
        async with slots:
            items = payloads[start : start + PIECE]
            return await run_together(stages, inference, deployment, items, deadline=deadline)

    found = await together(piece(start) for start in range(0, len(payloads), PIECE))
    return [outcome for outcomes in found for outcome in outcomes]
