"""From a model version to its hosting platform: chunks, retries and the deadline, all in this one place."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from app.backends.base import Backend, Deployed
from app.core.errors import (
    AppError,
    BackendError,
    BackendMissing,
    BackendRejected,
    BackendThrottled,
    BackendTimeout,
    InvalidInput,
    TooLarge,
)
from app.core.hosts import Hosts
from app.core.settings import Settings
from app.schemas.hosting.deployments import Deployment
from app.schemas.rows import Row
from app.services.hosting import looks
from app.services.hosting.looks import Seen
from app.services.hosting.open_backends import OpenBackend, OpenBackends
from app.services.hosting.outcomes import InferenceOutcome, checked_look, read

log = structlog.get_logger(__name__)

PATIENCE = 5.0
"""Seconds that a registration waits for the platform to say what it has deployed."""
MAX_ATTEMPTS = 4
"""Calls for one chunk while the platform is failing; while it throttles, only the deadline ends them."""
FIRST_WAIT, LONGEST_WAIT = 0.1, 8.0
"""Seconds: the ceiling of the random wait before the second call, doubled for each one after, and its end."""
BACK_OFF: Callable[[RetryCallState], float] = wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT)
"""Seconds before the next call, beside those that the platform asks for."""
RETRY_AFTER = 1.0
"""Seconds a caller is told to wait where a throttling platform says nothing."""
SPLIT_CALLS = 32
"""Extra calls spent on finding the rows that a model refuses, per chunk: 2 log2(n) find one among n."""

T = TypeVar("T")


@dataclass
class _Batch:
    """The rows of one predict call; a chunk is a list of indexes into them."""

    rows: Sequence[Row]
    deadline: float
    outcomes: dict[int, InferenceOutcome] = field(default_factory=dict)


class Inference:
    """Predictions from any deployment. One per process: it keeps the backends open."""

    def __init__(self, settings: Settings) -> None:
        self.predict_timeout = settings.predict_timeout
        """Seconds that a caller waits for one prediction."""
        self._backends = OpenBackends(settings.inference_concurrency, Hosts(settings.backend_hosts))

    async def predict(
        self, deployment: Deployment, rows: Sequence[Row], deadline: float
    ) -> list[InferenceOutcome]:
        """One outcome per row, in order; a failure is an outcome too. ``deadline`` is in the loop's time."""
        batch = _Batch(rows, deadline)
        try:
            async with self._backends.borrow(deployment) as opened:
                chunks = _chunks(opened.backend, batch)
                await _together(_run_chunk(opened, batch, chunk) for chunk in chunks)
        except AppError as error:  # the backend cannot be opened
            return [error] * len(rows)
        return [batch.outcomes[index] for index in range(len(rows))]

    async def open(self, deployment: Deployment) -> None:
        """Open its backend, if it is not; nothing is called. Raises AppError where it cannot be opened."""
        async with self._backends.borrow(deployment):
            pass

    async def look(self, deployment: Deployment) -> Deployed | None:
        """What the platform has deployed now; None where it cannot say. Raises BackendError, say if it is
        unreachable: what was known before still stands."""
        async with self._backends.borrow(deployment) as opened:
            return checked_look(await opened.backend.look())

    async def looks(self, deployments: Sequence[Deployment]) -> list[Seen]:
        """What the platform has in service for versions of one place, in their order."""
        return await looks.look(self._backends, deployments)

    async def probe(self, deployment: Deployment) -> Deployed | None:
        """Try a version that is not registered yet (it has no id): what its platform has deployed, None
        where that does not say within PATIENCE. Raises where the backend cannot be opened. InvalidInput names
        the option that is wrong, or of which the platform says that it has none of that name."""
        try:
            return await self._first_look(deployment)
        except BackendMissing as error:
            raise InvalidInput(error.detail, errors=error.errors) from error

    async def _first_look(self, deployment: Deployment) -> Deployed | None:
        backend = await self._backends.new(deployment)
        try:
            async with asyncio.timeout(PATIENCE):
                return checked_look(await backend.look())
        except BackendMissing:
            raise
        except (BackendError, TimeoutError) as error:
            log.warning("revision unknown", model=deployment.model, reason=str(error) or "no answer in time")
            return None
        finally:
            await backend.aclose()

    async def aclose(self) -> None:
        """Close every backend."""
        await self._backends.aclose()


def _chunks(backend: Backend, batch: _Batch) -> list[list[int]]:
    """The rows grouped by the limits of one call; a row that no call can carry gets its outcome here."""
    chunks: list[list[int]] = []
    room = 0
    for index, row in enumerate(batch.rows):
        try:
            size = _row_bytes(backend, row)
        except AppError as error:
            batch.outcomes[index] = error
            continue
        if not chunks or len(chunks[-1]) == backend.limits.rows or size > room:
            chunks.append([])
            room = backend.limits.bytes
        chunks[-1].append(index)
        room -= size
    return chunks


def _row_bytes(backend: Backend, row: Row) -> int:
    size, most = backend.row_bytes(row), backend.limits.bytes
    if size > most:
        raise TooLarge(f"The row takes {size} bytes; one call to the model takes at most {most}.")
    return size


async def _run_chunk(opened: OpenBackend, batch: _Batch, chunk: list[int]) -> None:
    """Call with the chunk, and with halves of what the model refuses until the bad rows stand alone.

    When SPLIT_CALLS are spent, the rows of a refused part share its error.
    """
    parts, calls_left = [chunk], SPLIT_CALLS
    while parts:
        answers = await _together(_call(opened, batch, part) for part in parts)
        halves: list[list[int]] = []
        for part, answer in zip(parts, answers, strict=True):
            if isinstance(answer, BackendRejected) and len(part) > 1 and calls_left >= 2:
                calls_left -= 2
                halves += [part[: len(part) // 2], part[len(part) // 2 :]]
            elif isinstance(answer, AppError):
                batch.outcomes.update(dict.fromkeys(part, answer))
            else:
                batch.outcomes.update(zip(part, answer, strict=True))
        parts = halves


async def _call(opened: OpenBackend, batch: _Batch, part: list[int]) -> list[InferenceOutcome] | AppError:
    """The outcomes of these rows, after as many calls as it takes and is worth; or why there are none."""
    loop = asyncio.get_running_loop()
    rows = [batch.rows[index] for index in part]

    def give_up(state: RetryCallState) -> bool:
        spent = state.attempt_number >= MAX_ATTEMPTS and not isinstance(_error(state), BackendThrottled)
        return spent or loop.time() + state.upcoming_sleep >= batch.deadline

    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, AppError) and error.retryable),
        wait=_wait,
        stop=give_up,
        retry_error_callback=_last_word,
    )
    try:
        return await retrying(_attempt, opened, rows, batch.deadline)
    except AppError as error:
        return error


def _error(state: RetryCallState) -> AppError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, AppError), "only those are retried"
    return error


def _wait(state: RetryCallState) -> float:
    return (_error(state).retry_after or 0) + BACK_OFF(state)


def _last_word(state: RetryCallState) -> AppError:
    error = _error(state)
    if isinstance(error, BackendThrottled):
        return BackendThrottled(error.detail, retry_after=error.retry_after or RETRY_AFTER)
    if state.attempt_number >= MAX_ATTEMPTS:
        return error
    return BackendTimeout(f"There was no time for another try. {error.detail}")


async def _attempt(opened: OpenBackend, rows: list[Row], deadline: float) -> list[InferenceOutcome]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(deadline) as queue, opened.slots:
            queue.reschedule(None)  # from here on the backend keeps the time
            started = loop.time()
            if started >= deadline:
                raise TimeoutError
            reply = await opened.backend.predict(rows, deadline - started)
            return read(reply, len(rows), round((loop.time() - started) * 1000, 3))
    except TimeoutError as error:
        raise BackendTimeout("No call to the model was free before the deadline.") from error


async def _together(calls: Iterable[Coroutine[None, None, T]]) -> list[T]:
    """Run all at once; a failure or a cancellation stops them all."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(call) for call in calls]
    return [task.result() for task in tasks]
