"""Predictions that a worker computes: the platform answers later, or a caller will come back."""

import asyncio
from collections.abc import Sequence

from app.core.errors import AppError
from app.core.errors.still_computing import StillComputing
from app.core.settings import Settings
from app.db.predictions.scope import Scope
from app.schemas.hosting.deployments import Deployment
from app.services.hosting.manners import responds_async, submits
from app.services.predictions.answer import Ask
from app.services.predictions.flights import Result, Wanted
from app.services.predictions.lasting.operations import Open, Operations

RETRY_AFTER = 1.0
"""Seconds after which who was answered 202 may look."""


class Deferred:
    """Leads contents to operations where their version, or their caller, is of that kind."""

    def __init__(self, settings: Settings, operations: Operations) -> None:
        self._settings, self._operations = settings, operations
        self._manners: dict[int, tuple[bool, bool]] = {}

    def takes(self, deployment: Deployment, ask: Ask) -> bool:
        """Whether a worker is to compute what this asks for. An explanation is waited for."""
        return not ask.explain and (self._manner(deployment)[0] or self._accepts(deployment, ask))

    async def predict(
        self, deployment: Deployment, scope: Scope, wanted: Sequence[Wanted], ask: Ask
    ) -> dict[str, Result]:
        """A result per content; StillComputing where there is none when the caller goes away. Each may be
        wanted once."""
        accepted, results = self._accepts(deployment, ask), dict[str, Result]()
        until = self._until(ask, accepted=accepted)
        while left := [one for one in wanted if one.content_hash not in results]:
            asked = await self._operations.ask(scope, left, submits=self._manner(deployment)[0])
            opened = {content: one for content, one in asked.items() if isinstance(one, Open)}
            results |= {content: one for content, one in asked.items() if not isinstance(one, Open)}
            ended = await self._operations.wait(opened.values(), until)
            for content, one in opened.items():
                result = ended.get(one.id, _under_way(one, accepted=accepted))
                results |= {} if result is None else {content: result}
        return results

    def _until(self, ask: Ask, *, accepted: bool) -> float:
        """When its caller goes away, in the loop's time: who comes back waits only if it says so."""
        now = asyncio.get_running_loop().time()
        if ask.until is None:
            return now if accepted else now + self._settings.predict_timeout
        return min(ask.until, now + self._settings.predict_timeout)

    def _accepts(self, deployment: Deployment, ask: Ask) -> bool:
        """Whether its caller would rather be told where the answer will be."""
        does_submit, does_respond_async = self._manner(deployment)
        match ask.respond_async:
            case "asked":
                return True
            case "submitted":
                return does_submit
            case "version":
                return does_respond_async
            case None:
                return False

    def _manner(self, deployment: Deployment) -> tuple[bool, bool]:
        """What an id stands for never changes."""
        if deployment.id not in self._manners:
            self._manners[deployment.id] = submits(deployment), responds_async(deployment)
        return self._manners[deployment.id]


def _under_way(operation: Open, *, accepted: bool) -> AppError:
    said = f"The prediction is still being computed, as operation {operation.id}"
    error = StillComputing(f"{said}; it may be there on a later call.", retry_after=RETRY_AFTER)
    error.operation_id, error.accepted = operation.id, accepted
    return error
