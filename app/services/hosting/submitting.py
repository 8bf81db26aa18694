"""Rows handed over to platforms that answer later, and their answers fetched."""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from app.backends.base import Reply
from app.backends.submitting import SubmittingBackend, Ticket
from app.core.errors import AppError, BackendDown, BackendTimeout
from app.schemas.hosting.deployments import Deployment
from app.schemas.payloads import Sendable
from app.services.failures.lightened import without_causes
from app.services.hosting.chunks import chunked
from app.services.hosting.open_backends import OpenBackend, OpenBackends
from app.services.hosting.outcomes import InferenceOutcome

T = TypeVar("T")


class Submitting:
    """Asks the open backends of a process. Each call is one: none is made again here."""

    def __init__(self, backends: OpenBackends) -> None:
        self._backends = backends

    async def submit(self, deployment: Deployment, row: Sendable, timeout: float) -> Ticket:
        """Hand one over. Raises AppError; BackendTimeout where it may have been taken all the same."""
        async with self._backends.borrow(deployment) as opened:
            _require_room(opened, row)
            backend = cast(SubmittingBackend, opened.backend)
            async with opened.slots:
                return await _watched(opened, lambda: backend.submit(row, timeout))

    async def collect(self, deployment: Deployment, ticket: Ticket, timeout: float) -> Reply | None:
        """See SubmittingBackend. Raises AppError."""
        async with self._backends.borrow(deployment) as opened:
            try:
                return await cast(SubmittingBackend, opened.backend).collect(ticket, timeout)
            except AppError as error:
                without_causes(error)
                raise


def _require_room(opened: OpenBackend, row: Sendable) -> None:
    """Raise what is wrong with a row that no call can carry."""
    outcomes: dict[int, InferenceOutcome] = {}
    chunked(opened.backend, [row], outcomes)
    if isinstance(fault := outcomes.get(0), AppError):
        raise fault


async def _watched(opened: OpenBackend, call: Callable[[], Awaitable[T]]) -> T:
    """Tell the breaker what comes of it; BackendAway where no call is made."""
    began = opened.breaker.admit()
    try:
        with opened.calls.noted(rows=1):
            answer = await call()
    except (BackendDown, BackendTimeout) as error:
        without_causes(error)
        opened.breaker.failed(error, began)
        raise
    except AppError as error:
        without_causes(error)
        opened.breaker.answered()
        raise
    opened.breaker.answered()
    return answer
