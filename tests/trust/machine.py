"""Random interleavings of all that happens around the cache, each answer held against the promises."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.core.errors import BackendRejected, Conflict, NotFound
from app.db.engine import Database
from app.schemas.models import NewVersion
from app.services.models import rollback, versions
from app.services.predictions.predictor import Answer, Ask
from app.services.records import records
from app.services.upkeep import revisions
from tests.trust import platform as fake
from tests.trust import promises, store
from tests.trust.platform import Platform, Style
from tests.trust.processes import Process, restarted, start
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
    """A request that has no answer yet."""

    request: Request
    process: Process
    task: "asyncio.Task[Answer]"
    platform_failed: bool = False
    waited: list[int] = field(default_factory=list)


class Interleavings(RuleBasedStateMachine):
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
        self.looks_applied = self.seen = 0
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

    @initialize(style=st.sampled_from(("silent", "variant", "told")))
    def begin(self, style: Style) -> None:
        self.platform.style = style
        self.run(store.empty(self.world.database))
        for index, process in enumerate(self.processes):
            self.processes[index] = restarted(process, "c1", None)
        for record, value in zip(RECORDS, VALUES, strict=True):
            self.run(self._write(record, value))
        self.run(self._register("1"))

    # The callers' side

    @rule(
        record=st.sampled_from(RECORDS), at=st.integers(0, 1), refresh=st.sampled_from((False,) * 4 + (True,))
    )
    def predict(self, record: str, at: int, refresh: bool) -> None:
        self.run(self._ask(record, at, refresh=refresh))

    @rule(record=st.sampled_from(RECORDS), version=st.sampled_from(("1", "2")))
    def predict_with(self, record: str, version: str) -> None:
        if version in self.registered:
            self.run(self._ask(record, 0, version=version))

    @rule(record=st.sampled_from(RECORDS), value=st.sampled_from((*VALUES, POISON)))
    def write(self, record: str, value: int) -> None:
        self.run(self._write(record, value))

    @rule(record=st.sampled_from(RECORDS))
    def delete(self, record: str) -> None:
        if self.book.contents[record][-1].value is not None:
            began = self.platform.tick()
            self.run(records.delete(self.world.database.transactions, record))
            self.book.contents[record].append(Span(None, began))

    @precondition(lambda self: "2" not in self.registered)
    @rule()
    def register(self) -> None:
        self.run(self._register("2"))

    @precondition(lambda self: len(self.registered) == 2)
    @rule(version=st.sampled_from(("1", "2")))
    def promote(self, version: str) -> None:
        self.run(self._promote(version))

    @precondition(lambda self: len(self.registered) == 2)
    @rule()
    def roll_back(self) -> None:
        self.run(self._roll_back())

    # The platform's side

    @rule(serving=SERVING, then=PERHAPS)
    def deploy(self, serving: list[str], then: str | None) -> None:
        self._change(serving, pending=False)
        self._ask_for(then)

    @rule(serving=SERVING, then=PERHAPS)
    def begin_roll_out(self, serving: list[str], then: str | None) -> None:
        self._change(serving, pending=True)
        self._ask_for(then)

    @rule(looked=st.booleans())
    def there_and_back(self, looked: bool) -> None:
        """A roll-out that the platform took back between two looks, with a prediction in the midst."""
        before, pending = self.platform.serving, self.platform.pending
        other = ["B"] if before == ["A"] else ["A"]
        self._change(other, pending=pending)
        self.run(self._ask("r1", 0))
        self._change(before, pending=pending)
        if looked:
            self.look(then="r1")

    @precondition(lambda self: self.platform.gate.is_set())
    @rule(serving=SERVING, record=st.sampled_from(RECORDS))
    def overtake(self, serving: list[str], record: str) -> None:
        """A look that comes and goes while a call is under way."""
        self.hold_the_platform()
        self.run(self._ask(record, 0))
        self.deploy(serving, then=None)
        self.look(then=None)
        self.let_the_platform_answer()
        self.run(self._ask(record, 0))

    @precondition(lambda self: not self.swapped)
    @rule()
    def scale(self) -> None:
        self.tell("platform scales")
        self.scaled = True
        self.platform.instances += 1
        self.platform.touched = self.platform.tick()

    @rule(then=PERHAPS)
    def look(self, then: str | None) -> None:
        self.run(self._look())
        self._ask_for(then)

    def _ask_for(self, record: str | None) -> None:
        if record is not None:
            self.run(self._ask(record, 0))

    @rule(fails=st.booleans())
    def lose_looks(self, fails: bool) -> None:
        self.tell(f"looks fail: {fails}")
        self.platform.looks_fail = fails

    @rule()
    def fail_once(self) -> None:
        """A call that is tried again: nobody hears of it."""
        self.platform.failing = 1

    # Time, code and death

    @rule()
    def hold_the_platform(self) -> None:
        self.tell("the platform is silent")
        self.platform.gate.clear()

    @rule()
    def let_the_platform_answer(self) -> None:
        self.tell("the platform answers")
        self.platform.gate.set()
        self.run(self._land())

    @rule(at=st.integers(0, 1), code=st.sampled_from(("c1", "c2")), ttl=st.sampled_from((None, TTL)))
    def restart(self, at: int, code: str, ttl: float | None) -> None:
        if not any(one.process is self.processes[at] for one in self.open):
            self.tell(f"restart {at} with {code}, TTL {ttl}")
            self.processes[at] = restarted(self.processes[at], code, ttl)

    @rule(at=st.integers(0, 1))
    def kill(self, at: int) -> None:
        self.run(self._kill(at))

    @rule()
    def pass_time(self) -> None:
        self.tell("time passes")
        self.book.passed += TTL * 0.6
        self.run(store.age(self.world.database, TTL * 0.6))

    @rule()
    def refuse_to_store_once(self) -> None:
        self.tell("the next store is refused")
        self.run(store.refuse_once(self.world.database))

    # How each is done, and checked

    async def _ask(self, record: str, at: int, *, version: str | None = None, refresh: bool = False) -> None:
        self.tell(f"predict {record} at {at}, version {version}, refresh {refresh}")
        process = self.processes[at]
        request = Request(record, version, refresh, process.code, process.ttl, self.platform.tick())
        ask = Ask("m", version, refresh=refresh)
        task = asyncio.create_task(process.predictor.predict(record, ask))
        self.open.append(Pending(request, process, task))
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
        ended, request, error = self.platform.tick(), one.request, one.task.exception()
        if error is None:
            self._check_answer(request, one.task.result(), ended)
        elif isinstance(error, NotFound):
            if None not in self.book.during(self.book.contents[request.record], request.began):
                self.book.faults.append(f"failure: {request.record} was there: {error}")
        elif isinstance(error, BackendRejected):
            if POISON not in self.book.during(self.book.contents[request.record], request.began):
                self.book.faults.append(f"failure: {request.record} shares another one's refusal")
        elif not isinstance(error, Conflict):
            self.book.faults.append(f"failure: {type(error).__name__}: {error}")

    def _check_answer(self, request: Request, answer: Answer, ended: int) -> None:
        self.tell(f"  answered {request}: {answer.cache} {answer.revision} {answer.prediction}")
        self.book.faults += promises.answer_faults(self.book, request, answer, ended)
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
        self.book.landed.setdefault(key, (ended, self.book.passed))

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

    @invariant()
    def keeps_its_promises(self) -> None:
        assert not self.book.faults, "\n".join([*self.told, *self.book.faults])

    def teardown(self) -> None:
        self.platform.gate.set()
        self.run(self._end())

    async def _end(self) -> None:
        for task in [*self.killed, *(one.task for one in self.open)]:
            task.cancel()
        await asyncio.gather(*self.killed, *(one.task for one in self.open), return_exceptions=True)
        for process in (*self.processes, *self.dead):
            await process.settle()
