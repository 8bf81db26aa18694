"""The backends a process keeps open, one per deployment, and another for what it explains."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from app.backends.base import Backend
from app.backends.registry import open_backend, open_explaining, parse
from app.core.errors import BackendAway, InvalidInput, Misconfigured
from app.core.hosts import Hosts
from app.core.signals import VersionCalls
from app.schemas.hosting.deployments import Deployment
from app.services.hosting.breaker import Breaker
from app.services.hosting.gathering import Gathering
from app.services.hosting.retry_budget import RetryBudget

MAX_OPEN = 64
"""Backends that stay open while nobody uses them."""


@dataclass
class OpenBackend:
    """A backend, and a semaphore with as many slots as calls may run at once, ``concurrency``.

    ``gathering`` is where the rows of several callers meet, if they are to go together.
    """

    backend: Backend
    slots: asyncio.Semaphore
    concurrency: int
    breaker: Breaker
    calls: VersionCalls
    gathering: Gathering | None = None
    retries: RetryBudget = field(default_factory=RetryBudget)
    users: int = 0
    answers: int = 0
    """How many calls the model has answered."""


class OpenBackends:
    """Opens a backend when it is first borrowed; beyond MAX_OPEN the longest unused are closed."""

    def __init__(self, concurrency: int, hosts: Hosts) -> None:
        self._concurrency, self._hosts = concurrency, hosts
        self._open: OrderedDict[tuple[int, bool], OpenBackend] = (
            OrderedDict()
        )  # the least recently used first
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def borrow(self, deployment: Deployment) -> AsyncIterator[OpenBackend]:
        """The deployment's backend, which stays open within the block."""
        name = deployment.opened_as
        if name not in self._open:
            async with self._opening:
                if name not in self._open:
                    backend = await self._registered(deployment)
                    slots, gathering = asyncio.Semaphore(self._concurrency), _gathering(deployment)
                    breaker = Breaker(model=deployment.model, version=deployment.version)
                    calls = VersionCalls(deployment.model, deployment.version)
                    parts = backend, slots, self._concurrency, breaker, calls, gathering
                    self._open[name] = OpenBackend(*parts)
        opened = self._open[name]
        self._open.move_to_end(name)
        opened.users += 1
        try:
            yield opened
        finally:
            opened.users -= 1
            await self._close_idle()

    def refusal(self, deployment: Deployment) -> BackendAway | None:
        """Why nothing is sent to it now, if it is open and nothing is."""
        opened = self._open.get(deployment.opened_as)
        return None if opened is None else opened.breaker.refusal()

    def breakers(self) -> Iterator[tuple[VersionCalls, Breaker]]:
        """Of all that is open, and whose they are."""
        return ((opened.calls, opened.breaker) for opened in self._open.values())

    async def _registered(self, deployment: Deployment) -> Backend:
        """That of a version whose options were valid once: its callers cannot help it if they are not."""
        try:
            return await self.new(deployment)
        except InvalidInput as error:
            faults = "; ".join(f"{fault.field}: {fault.message}" for fault in error.errors)
            what = f"Version {deployment.version!r} of model {deployment.model!r}"
            raise Misconfigured(f"{what} can no longer be used. {faults or error.detail}") from error

    async def new(self, deployment: Deployment) -> Backend:
        """A backend of the caller's own. Raises AppError where the options do not fit."""
        # Importing a vendor's SDK and making its client take tenths of a second.
        return await asyncio.to_thread(
            open_explaining if deployment.explained else open_backend,
            deployment.backend,
            deployment.options,
            deployment.features,
            concurrency=self._concurrency,
            hosts=self._hosts,
        )

    async def aclose(self) -> None:
        while self._open:
            await self._open.popitem()[1].backend.aclose()

    async def _close_idle(self) -> None:
        surplus = max(0, len(self._open) - MAX_OPEN)
        idle = [key for key, opened in self._open.items() if not opened.users][:surplus]
        for opened in [self._open.pop(key) for key in idle]:
            await opened.backend.aclose()


def _gathering(deployment: Deployment) -> Gathering | None:
    options = parse(deployment.backend, deployment.options)
    if options.batch_delay_ms is None or deployment.explained:
        return None
    return Gathering(delay=options.batch_delay_ms / 1000, most=options.batch_rows)
