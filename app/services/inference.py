"""From a model version to its hosting platform: chunks, retries and the deadline, all in this one place."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog

from app.backends.base import Deployed, Reply
from app.core.errors import (
    AppError,
    BackendAway,
    BackendCrashed,
    BackendDown,
    BackendError,
    BackendMissing,
    BackendRejected,
    BackendThrottled,
    BackendTimeout,
    InvalidInput,
    NotInTime,
)
from app.core.hosts import Hosts
from app.core.retrying import retried
from app.core.settings import Settings
from app.core.signals import VersionCalls
from app.core.tracing.parts import inferring
from app.schemas.hosting.deployments import Deployment
from app.schemas.payloads import Sendable
from app.services.failures.lightened import without_causes
from app.services.hosting import looks
from app.services.hosting.breaker import Breaker
from app.services.hosting.chunks import chunked, predict
from app.services.hosting.looks import Sighting
from app.services.hosting.open_backends import OpenBackend, OpenBackends
from app.services.hosting.outcomes import InferenceOutcome, checked_look, read
from app.services.hosting.retries import is_worth_it, may_pass, retrying
from app.services.hosting.search import settle, together
from app.services.hosting.submitting import Submitting

log = structlog.get_logger(__name__)

PATIENCE = 5.0
"""Seconds that a registration waits for the platform to say what it has deployed."""
LANDING, LANDING_SHARE = 1.0, 0.1
"""Of a caller's time what is kept for storing the answers, at most: seconds, and a share. Without it those
that a long search has found would be there when their caller had just gone."""


def landing_time(patience: float) -> float:
    """Seconds that are kept of a caller's ``patience``."""
    return min(LANDING, LANDING_SHARE * patience)


@dataclass
class _Batch:
    """The rows of one predict call; a chunk is a list of indexes into them. Times are the loop's."""

    rows: Sequence[Sendable]
    deadline: float
    began: float
    outcomes: dict[int, InferenceOutcome] = field(default_factory=dict)
    took: dict[int, float] = field(default_factory=dict)
    """The most seconds until an answer or a refusal, by the number of rows in the call."""

    def note(self, rows: int, seconds: float) -> None:
        self.took[rows] = max(seconds, self.took.get(rows, 0))

    def has_time(self, rows: int, now: float) -> bool:
        """Whether a call may end in time, as far as calls with as many rows, or fewer, have shown."""
        shown = (seconds for count, seconds in self.took.items() if count <= rows)
        return now + max(shown, default=0) < self.deadline

    def is_late(self, started: float) -> bool:
        """Whether a call had less than half of the time that there was for all."""
        return self.deadline - started < (self.deadline - self.began) / 2


class Inference:
    """Predictions from any deployment. One per process: it keeps the backends open."""

    def __init__(self, settings: Settings) -> None:
        self.predict_timeout = settings.predict_timeout
        """Seconds that a caller waits for one prediction."""
        self._backends = OpenBackends(settings.inference_concurrency, Hosts(settings.backend_hosts))
        self.submitting = Submitting(self._backends)

    async def predict(
        self, deployment: Deployment, rows: Sequence[Sendable], deadline: float
    ) -> list[InferenceOutcome]:
        """One outcome per row, in order; a failure is an outcome too. ``deadline`` is in the loop's time: the
        caller's, who is to have the answers by then."""
        try:
            async with self._backends.borrow(deployment) as opened:
                gathering = opened.gathering
                if gathering is not None and gathering.takes(rows):
                    return await gathering.send(rows, deadline, partial(_send, opened))
                return await _send(opened, rows, deadline)
        except AppError as error:  # the backend cannot be opened
            return [error] * len(rows)

    def refusal(self, deployment: Deployment) -> BackendAway | None:
        """Why nothing is sent to a deployment now, where it fails again and again; else None."""
        return self._backends.refusal(deployment)

    def breakers(self) -> Iterator[tuple[VersionCalls, Breaker]]:
        """Of the versions that are open in this process."""
        return self._backends.breakers()

    async def open(self, deployment: Deployment) -> None:
        """Open its backend, if it is not; nothing is called. Raises AppError where it cannot be opened."""
        async with self._backends.borrow(deployment):
            pass

    async def look(self, deployment: Deployment) -> Deployed | None:
        """What the platform has deployed now; None where it cannot say. Raises BackendError, say if it is
        unreachable: what was known before still stands."""
        async with self._backends.borrow(deployment) as opened:
            return checked_look(await opened.backend.look())

    async def looks(self, deployments: Sequence[Deployment]) -> list[Sighting]:
        """What the platform has in service for versions of one place, in their order."""
        return await looks.look(self._backends, deployments)

    async def probe(self, deployment: Deployment) -> Deployed | None:
        """Try a version that is not registered yet: what its platform has deployed, None where that does not
        say within PATIENCE. Raises where the backend cannot be opened. InvalidInput names an option that is
        wrong, or of which the platform says that it has none of that name."""
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


async def _send(opened: OpenBackend, rows: Sequence[Sendable], deadline: float) -> list[InferenceOutcome]:
    now = asyncio.get_running_loop().time()
    batch = _Batch(rows, deadline - landing_time(max(0, deadline - now)), now)
    chunks = chunked(opened.backend, rows, batch.outcomes)
    await together(_run_chunk(opened, batch, chunk) for chunk in chunks)
    return [batch.outcomes[index] for index in range(len(rows))]


async def _run_chunk(opened: OpenBackend, batch: _Batch, chunk: list[int]) -> None:
    before = opened.answers
    call, works = partial(_call, opened, batch), lambda: opened.answers > before
    batch.outcomes |= await settle(chunk, call, works, width=opened.concurrency)


async def _call(opened: OpenBackend, batch: _Batch, part: list[int]) -> list[InferenceOutcome] | AppError:
    """The outcomes of these rows, after as many calls as it takes and is worth; or why there are none."""
    rows, failed = [batch.rows[index] for index in part], list[AppError]()

    async def attempt() -> list[InferenceOutcome]:
        if failed and not is_worth_it(opened, failed):  # others have failed while this one waited
            raise failed[-1]
        try:
            return await _attempt(opened, rows, batch, again=bool(failed))
        except AppError as error:
            failed.append(error)
            raise

    try:
        return await retried(attempt, may_pass, lambda: retrying(opened, batch.deadline, failed))
    except AppError as error:
        return error


async def _attempt(
    opened: OpenBackend, rows: list[Sendable], batch: _Batch, *, again: bool
) -> list[InferenceOutcome]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(batch.deadline) as queue, opened.slots:
            queue.reschedule(None)  # from here on the backend keeps the time
            started = loop.time()
            if not batch.has_time(len(rows), started):
                raise TimeoutError
            return await _timed(opened, rows, batch, started, again=again)
    except TimeoutError as error:
        raise NotInTime("There was no time for a call to the model before the deadline.") from error


async def _timed(
    opened: OpenBackend, rows: list[Sendable], batch: _Batch, started: float, *, again: bool
) -> list[InferenceOutcome]:
    now = asyncio.get_running_loop().time
    try:
        is_patient = not batch.is_late(started)
        with _watched(opened, is_patient=is_patient), opened.calls.noted(len(rows), again=again):
            reply = await _asked(opened, rows, batch.deadline - started)
    except BackendRejected:
        batch.note(len(rows), now() - started)
        raise
    except BackendTimeout as error:
        if now() >= batch.deadline and batch.is_late(started):  # after others, and so not by its own fault
            raise NotInTime(f"It was called late. {error.detail}") from error
        raise
    opened.answers += 1
    batch.note(len(rows), now() - started)
    return read(reply, len(rows), round((now() - started) * 1000, 3))


async def _asked(opened: OpenBackend, rows: list[Sendable], timeout: float) -> Reply:
    try:
        with inferring(opened.calls.model, opened.calls.version, len(rows)):
            return await predict(opened.backend, rows, timeout)
    except AppError as error:
        without_causes(error)
        raise


@contextmanager
def _watched(opened: OpenBackend, *, is_patient: bool) -> Iterator[None]:
    """Tell the breaker what comes of a call; BackendAway where none is made. That there was no answer says
    something of the platform only where the call had most of a caller's time, ``is_patient``."""
    began = opened.breaker.admit()
    try:
        yield
    except (BackendThrottled, BackendRejected) as error:
        if not isinstance(error, BackendCrashed):  # which may be the model's fault, or the row's
            opened.breaker.answered()
        raise
    except (BackendDown, BackendTimeout) as error:
        if is_patient or isinstance(error, BackendDown):
            opened.breaker.failed(error, began)
        raise
    opened.breaker.answered()
    opened.retries.answered()
