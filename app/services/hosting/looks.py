"""Looks at what platforms have in service for many versions, each place once."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import JsonValue

from app.backends.base import BackendOptions, Deployed
from app.backends.registry import looks_together, parse
from app.core.errors import AppError, BackendTimeout
from app.schemas.hosting.deployments import Deployment
from app.services.hosting.open_backends import OpenBackends
from app.services.hosting.outcomes import checked_look

PATIENCE = 30.0
"""Seconds for a look at one place."""

Sighting = Deployed | AppError | None
"""What came of a look at one version."""


def place_of(backend: str, options: Mapping[str, JsonValue]) -> str:
    """What is looked at for a version: those with the same place share one look. Raises AppError where the
    options no longer fit."""
    return f"{backend} {parse(backend, options).place()}"


def sleeps(backend: str, options: object) -> bool:
    """Whether a call would start a server that is stopped while nobody calls it."""
    parsed = _options(backend, options)
    return parsed is not None and parsed.scales_to_zero


def wakes(backend: str, options: object) -> bool:
    """Whether a look would."""
    parsed = _options(backend, options)
    return parsed is not None and parsed.scales_to_zero and parsed.looks_wake


def _options(backend: str, options: object) -> BackendOptions | None:
    try:
        return parse(backend, cast(Mapping[str, JsonValue], options))
    except AppError:  # it can no longer be opened, which whoever opens it will be told
        return None


async def look(backends: OpenBackends, deployments: Sequence[Deployment]) -> list[Sighting]:
    """What is in service for versions of one place, in their order; a failure is that of its version."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await _look(backends, deployments)
    except TimeoutError:
        return [BackendTimeout(f"The platform said nothing within {PATIENCE:.0f} s.")] * len(deployments)


async def _look(backends: OpenBackends, deployments: Sequence[Deployment]) -> list[Sighting]:
    first = deployments[0]
    try:
        together = looks_together(first.backend)
        if together is None:
            async with backends.borrow(first) as opened:
                return [checked_look(await opened.backend.look())] * len(deployments)
    except AppError as error:  # of a version that can no longer be opened, too
        return [error] * len(deployments)
    options = [_parsed(one) for one in deployments]
    fit = [one for one in options if not isinstance(one, AppError)]
    found = iter(await together(fit) if fit else [])
    return [one if isinstance(one, AppError) else _checked(next(found)) for one in options]


def _parsed(deployment: Deployment) -> BackendOptions | AppError:
    try:
        return parse(deployment.backend, deployment.options)
    except AppError as error:
        return error


def _checked(seen: Sighting) -> Sighting:
    if isinstance(seen, AppError):
        return seen
    try:
        return checked_look(seen)
    except AppError as error:
        return error
