"""A look at the platforms of versions, each place once: an endpoint may have thousands of models."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from app.core.errors import AppError, BackendTimeout
from app.schemas.hosting.deployments import Deployment
from app.services.hosting.looks import Sighting, place_of, wakes
from app.services.inference import Inference

AT_ONCE = 2
"""A look takes one of the few threads that are everybody's, and keeps it while a platform hangs."""

SeenVersion: TypeAlias = tuple[Deployment, Sighting]


async def look_at_all(
    inference: Inference, deployments: Sequence[Deployment], *, seconds: float | None = None
) -> list[SeenVersion]:
    """What comes of a look at each; one place has ``seconds``, None: as long as it takes.

    What a look would wake, and what nothing is sent to now, is judged by its calls alone: None where none of
    them failed.
    """
    slots = asyncio.Semaphore(AT_ONCE)

    async def look(there: Sequence[Deployment]) -> list[SeenVersion]:
        async with slots:
            return list(zip(there, await _within(inference, there, seconds), strict=True))

    found = await asyncio.gather(*map(look, _by_place(deployments)))
    return [one for there in found for one in there]


async def _within(
    inference: Inference, deployments: Sequence[Deployment], seconds: float | None
) -> Sequence[Sighting]:
    try:
        async with asyncio.timeout(seconds):
            return await _look_at(inference, deployments)
    except TimeoutError:
        return [BackendTimeout(f"The platform said nothing within {seconds:g} s.")] * len(deployments)


async def _look_at(inference: Inference, deployments: Sequence[Deployment]) -> Sequence[Sighting]:
    """What comes of one look at all those of one place, in their order."""
    awake = [
        one for one in deployments if inference.refusal(one) is None and not wakes(one.backend, one.options)
    ]
    seen = dict(zip((one.id for one in awake), await _seen(inference, awake), strict=True))
    return [inference.refusal(one) or seen.get(one.id) for one in deployments]


async def _seen(inference: Inference, deployments: Sequence[Deployment]) -> Sequence[Sighting]:
    if len(deployments) != 1:
        return await inference.looks(deployments) if deployments else []
    try:
        return [await inference.look(deployments[0])]  # which opens it
    except AppError as error:
        return [error]


def _by_place(live: Iterable[Deployment]) -> Iterable[Sequence[Deployment]]:
    """Those whose options no longer fit each by itself, which opening it will say."""
    places: dict[str, list[Deployment]] = defaultdict(list)
    for one in live:
        try:
            places[place_of(one.backend, one.options)].append(one)
        except AppError:
            places[f"version {one.id}"].append(one)
    return places.values()
