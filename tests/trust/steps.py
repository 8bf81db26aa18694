"""How the steps of the machine are done, and what comes of them is checked."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from app.core.errors import BackendRejected, Conflict, NotFound
from app.db.engine import Database
from app.schemas.models import NewVersion
from app.services.models import rollback, versions
from app.services.predictions.predictor import Answer, Ask
from app.services.records import records
from app.services.upkeep import revisions
from tests.trust import platform as fake
from tests.trust import promises
from tests.trust.platform import Platform
from tests.trust.processes import Process, start
from tests.trust.promises import Book, Request, Span

T = TypeVar("T")

RECORDS = ("r1", "r2", "r3")
VALUES = (1, 2, 3)
SERVING = st.sampled_from((["A"], ["B"], ["A", "B"]))
PERHAPS = st.sampled_from((None, "r1", "r2"))
"""A record to be predicted at once: what a step has done is found out by what is answered after it."""
POISON = 666
TTL = 100.0
TIMEOUT = 60.0
"""Seconds: a bound for what hangs, never a measurement."""


@dataclass
class World:
    """What outlives one interleaving: the loop, the database and its settings."""

    runner: asyncio.Runner
    database: Database
    processes: list[Process]
    made: int = 0


@dataclass
class Pending:
    """A request, until its answer is looked at."""

    request: Request
    process: Process
    task: "asyncio.Task[Answer]"
    ends: list[tuple[int, float]] = field(default_factory=list)
    """When it was answered, and how much time had been made to pass."""


class Steps(RuleBasedStateMachine):
    """One interleaving. ``world`` is set by the test that runs it."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.platform = fake.PLATFORM = Platform()
        self.platform.gate.set()
        self.book = Book(self.platform)
        self.open: list[Pending] = []
        self.killed: list[asyncio.Task[Answer]] = []
        self.dead: list[Process] = []
        self.registered: list[str] = []
        self.told: list[str] = []
        """What was done, for whoever has to find out what went wrong."""
        self.looks_applied = self.seen = self.failed = 0
        self.swapped = self.scaled = False

    def tell(self, what: str) -> None:
        self.told.append(f"{self.platform.tick()} {what}")

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Do it, and tell all that came before where it hangs."""
        try:
            return self.world.runner.run(asyncio.wait_for(work, TIMEOUT))
        except TimeoutError as error:
            raise AssertionError("\n".join([*self.told, "hangs"])) from error

    @property
    def processes(self) -> list[Process]:
        return self.world.processes

    async def _ask(self, record: str, at: int, *, version: str | None = None, refresh: bool = False) -> None:
        self.tell(f"predict {record} at {at}, version {version}, refresh {refresh}")
        process = self.processes[at]
        request = Request(record, version, refresh, process.code, process.ttl, self.platform.tick())
        ask = Ask("m", version, refresh=refresh)
        task = asyncio.create_task(process.predictor.predict(record, ask))
        pending = Pending(request, process, task)
        task.add_done_callback(lambda _: pending.ends.append((self.platform.tick(), self.book.passed)))
        self.open.append(pending)
        if self.platform.gate.is_set():
            await self._land()
        else:
            await asyncio.wait({task}, timeout=0.02)
            self._collect()

    async def _land(self) -> None:
        await asyncio.gather(*(one.task for one in self.open), return_exceptions=True)
        self._collect()
        for process in self.processes:
            await process.settle()
        self.book.faults += promises.double_faults(self.book, self.seen)
        self.seen = len(self.platform.calls)
        self._note_looks()

    def _collect(self) -> None:
        for one in [one for one in self.open if one.task.done()]:
            self.open.remove(one)
            self._check(one)

    def _check(self, one: Pending) -> None:
        request, error = one.request, one.task.exception()
        ended, passed = one.ends[0] if one.ends else (self.platform.tick(), self.book.passed)
        if error is None:
            self._check_answer(request, one.task.result(), ended, passed)
        elif isinstance(error, NotFound):
            if None not in self.book.during(self.book.contents[request.record], request.began):
                self.book.faults.append(f"failure: {request.record} was there: {error}")
        elif isinstance(error, BackendRejected):
            if POISON not in self.book.during(self.book.contents[request.record], request.began):
                self.book.faults.append(f"failure: {request.record} shares another one's refusal")
        elif not isinstance(error, Conflict):
            self.book.faults.append(f"failure: {type(error).__name__}: {error}")

    def _check_answer(self, request: Request, answer: Answer, ended: int, passed: float) -> None:
        self.tell(f"  answered {request}: {answer.cache} {answer.revision} {answer.prediction}")
        self.book.faults += promises.answer_faults(self.book, request, answer, ended, passed)
        output = answer.prediction
        assert isinstance(output, dict)
        call = self.platform.calls[int(str(output["call"]))]
        if answer.cache == "MISS":
            self.book.led[call.number] = request
        if answer.cache == "MISS":
            self.book.forget(request, output["x"])
        if answer.cache == "MISS" and not request.refresh:
            self.book.faults += promises.call_faults(self.book, call, request)
        key = (call.number, output["x"], request.code)
        self.book.landed.setdefault(key, (ended, passed))

    async def _write(self, record: str, value: int) -> None:
        self.tell(f"write {record} {value}")
        began = self.platform.tick()
        await records.put(
            self.world.database.transactions, self.processes[0].runtime.use_case, record, {"x": value}
        )
        self.book.contents.setdefault(record, []).append(Span(value, began))

    async def _register(self, version: str) -> None:
        runtime = self.processes[0].runtime
        new = NewVersion(
            version=version,
            backend="platform",
            options={"version": version},
            promote=version == "1",
            probe=False,
        )
        await versions.register(runtime.sessions, runtime.use_case, runtime.inference, "m", new)
        self.tell(f"registered {version}")
        self.registered.append(version)
        self._note_looks()
        if version == "1":
            self.book.live.append(Span("1", self.platform.tick()))

    async def _promote(self, version: str) -> None:
        self.tell(f"promote {version}")
        runtime, began = self.processes[0].runtime, self.platform.tick()
        await versions.promote(
            runtime.sessions, runtime.use_case, runtime.inference, "m", version, probe=False
        )
        self.book.live.append(Span(version, began))

    async def _roll_back(self) -> None:
        runtime, began = self.processes[0].runtime, self.platform.tick()
        try:
            model = await rollback.roll_back(runtime.sessions, runtime.use_case, "m")
        except Conflict:  # nothing to go back to
            return
        self.tell(f"rolled back to {model.live_version}")
        self.book.live.append(Span(model.live_version, began))

    def _change(self, serving: list[str], *, pending: bool) -> None:
        if not self.scaled:
            self.tell(f"platform serves {serving}, pending {pending}")
            self.swapped = True
            self.platform.change(serving, pending=pending)

    async def _look(self) -> None:
        self.tell("look")
        await revisions.refresh(self.processes[0].runtime, age=0)
        self._note_looks()

    def _note_looks(self) -> None:
        for looked in self.platform.looks[self.looks_applied :]:
            if looked.ended is not None:
                self.book.applied.append((self.platform.tick(), looked))
                self.swapped = self.scaled = False
        self.looks_applied = len(self.platform.looks)

    async def _kill(self, at: int) -> None:
        """Its requests hang for ever, and its beacon goes out."""
        dead = self.processes[at]
        mine = [one for one in self.open if one.process is dead]
        if not mine:
            return
        self.tell(f"kill {at}")
        self.book.lost |= {call.number for call in self.platform.calls if call.ended is None}
        self.open = [one for one in self.open if one.process is not dead]
        self.killed += [one.task for one in mine]
        await dead.listener.aclose()
        self.dead.append(dead)
        self.processes[at] = await start(dead.runtime.settings, self.world.database, dead.code)

    async def _end(self) -> None:
        for task in [*self.killed, *(one.task for one in self.open)]:
            task.cancel()
        await asyncio.gather(*self.killed, *(one.task for one in self.open), return_exceptions=True)
        for process in (*self.processes, *self.dead):
            await process.settle()
