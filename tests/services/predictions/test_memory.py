"""Predictions that a process keeps in memory: never older than they may be, gone once a change is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.db.predictions.cache import Lookup
from app.services.predictions import memory as memory_module
from app.services.predictions.memory import Memory
from app.services.predictions.predictor import Ask
from app.services.records import records
from app.services.runtime import Runtime, open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.eventually import until
from tests.support.orders import answer_ten_times, order, prepare
from tests.support.statements import recorded
from tests.support.use_case import TRANSIT

ASK = Ask("transit")
LONG = 3600.0
"""Seconds for which a test's memory may answer: nothing goes by itself."""


def hit(record_id: str, content: str = "h", age: float = 0.0) -> Lookup:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Lookup(record_id, 1, 1, "1", 0, content, None, 7, "1.5", "r", now, age, now, 1)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def kept(clock: Clock, *lookups: Lookup, records: int = 10) -> Memory:
    memory = Memory(records=records, seconds=5, now=clock)
    memory.begin()
    memory.keep(memory.mark(), "m", None, lookups)
    return memory


def test_what_was_found_is_answered_as_old_as_it_is_until_its_time_is_up() -> None:
    clock = Clock()
    memory = kept(clock, hit("a", age=2.0))
    clock.now = 4.9
    found = memory.get("a", "m", None, None)
    assert found is not None
    assert found.age == pytest.approx(6.9)
    clock.now = 5.1
    assert memory.get("a", "m", None, None) is None


def test_its_time_begins_when_the_database_was_asked() -> None:
    clock = Clock()
    memory = Memory(records=10, seconds=5, now=clock)
    memory.begin()
    mark = memory.mark()
    clock.now = 4.0
    memory.keep(mark, "m", None, [hit("a")])
    clock.now = 5.1
    assert memory.get("a", "m", None, None) is None


def test_a_ttl_counts_here_too() -> None:
    clock = Clock()
    memory = kept(clock, hit("a", age=2.0))
    clock.now = 1.5
    assert memory.get("a", "m", None, 3.0) is None
    assert memory.get("a", "m", None, 4.0) is not None


def test_each_model_and_version_has_its_own() -> None:
    memory = kept(Clock(), hit("a"))
    assert memory.get("a", "other", None, None) is None
    assert memory.get("a", "m", "1", None) is None


@pytest.mark.parametrize(
    ("told", "left"), [('["a"]', ["b"]), ('["a", "b"]', []), ("*", []), ('["c"]', ["a", "b"])]
)
def test_what_is_told_is_gone(told: str, left: list[str]) -> None:
    memory = kept(Clock(), hit("a"), hit("b"))
    memory.heard(told)
    assert [one for one in ("a", "b") if memory.get(one, "m", None, None)] == left


@pytest.mark.parametrize("told", ['["a"]', "*"])
def test_what_was_told_while_the_database_was_asked_is_not_kept(told: str) -> None:
    memory = kept(Clock())
    mark = memory.mark()
    memory.heard(told)
    memory.keep(mark, "m", None, [hit("a")])
    assert memory.get("a", "m", None, None) is None
    memory.keep(memory.mark(), "m", None, [hit("a")])
    assert memory.get("a", "m", None, None) is not None


def test_many_changes_cost_no_other_record_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "MOST_CHANGES", 2)
    memory = kept(Clock(), hit("a"), hit("b"))
    mark = memory.mark()
    memory.heard('["b", "c", "d"]')
    memory.heard('["e"]')
    memory.keep(mark, "m", None, [hit("c")])  # when it changed is not known any more
    assert [one for one in ("a", "b", "c") if memory.get(one, "m", None, None)] == ["a"]


def test_nothing_is_kept_while_nobody_tells() -> None:
    memory = kept(Clock(), hit("a"))
    memory.lost()
    assert memory.get("a", "m", None, None) is None
    memory.keep(memory.mark(), "m", None, [hit("a")])
    assert memory.get("a", "m", None, None) is None


def test_those_that_nobody_asks_for_go_first() -> None:
    memory = kept(Clock(), hit("a"), hit("b"), records=2)
    memory.get("a", "m", None, None)
    memory.keep(memory.mark(), "m", None, [hit("c")])
    assert [one for one in ("a", "b", "c") if memory.get(one, "m", None, None)] == ["a", "c"]


@asynccontextmanager
async def remembering(settings: Settings, seconds: float = LONG) -> AsyncIterator[Runtime]:
    """A process with a memory that is told of changes."""
    with_memory = settings.model_copy(update={"memory_records": 100, "memory_seconds": seconds})
    async with open_runtime(with_memory, TRANSIT) as runtime:
        memory = runtime.predictor.memory
        assert memory is not None
        await until(lambda: memory._listens)
        yield runtime


@pytest.fixture
async def pair(settings: Settings, aws: AwsStub) -> AsyncIterator[tuple[Runtime, Runtime]]:
    """One that remembers, and one that writes."""
    aws.respond = answer_ten_times
    async with remembering(settings) as one, open_runtime(settings, TRANSIT) as other:
        await prepare(one.predictor)
        await records.put(one.sessions, TRANSIT, "b", order(2.5))
        yield one, other


async def is_asked(runtime: Runtime, record_id: str = "a", ask: Ask = ASK) -> bool:
    """Whether the database is asked for a prediction."""
    with recorded(runtime.database.engine) as seen:
        await runtime.predictor.predict(record_id, ask)
    return bool(seen)


async def test_a_hit_is_answered_without_the_database(pair: tuple[Runtime, Runtime]) -> None:
    runtime, _ = pair
    first = await runtime.predictor.predict("a", ASK)
    assert await is_asked(runtime)  # what was just computed is looked up once
    assert not await is_asked(runtime)
    again = await runtime.predictor.predict("a", ASK)
    assert (again.id, again.cache, again.prediction) == (first.id, "HIT", first.prediction)
    both = await runtime.predictor.predict_many(["a", "b"], ASK)
    assert [one.prediction for one in both.values() if not isinstance(one, Exception)] == [15.0, 25.0]
    assert await is_asked(runtime, ask=Ask("transit", refresh=True))


async def write(runtime: Runtime) -> None:
    await records.put(runtime.sessions, TRANSIT, "a", order(4.0))


async def delete(runtime: Runtime) -> None:
    await records.delete(runtime.sessions, "a")


async def refresh(runtime: Runtime) -> None:
    await runtime.predictor.predict("a", Ask("transit", refresh=True))


async def by_hand(runtime: Runtime) -> None:
    async with runtime.sessions.begin() as session:
        await session.execute(text("update model_versions set revisions = array['another']"))


async def demote(runtime: Runtime) -> None:
    async with runtime.sessions.begin() as session:
        await session.execute(text("update models set live_version_id = null"))


@pytest.mark.parametrize("change", [write, delete, refresh, by_hand, demote])
async def test_a_change_by_another_process_is_told(
    pair: tuple[Runtime, Runtime], change: Callable[[Runtime], Awaitable[None]]
) -> None:
    runtime, other = pair
    memory = runtime.predictor.memory
    assert memory is not None
    for _ in range(2):
        await runtime.predictor.predict("a", ASK)
    assert memory.get("a", "transit", None, None) is not None
    await change(other)
    await until(lambda: memory.get("a", "transit", None, None) is None)


@pytest.mark.parametrize(
    "statement", ["select 1", "update models set name = name", "update input_objects set payload = payload"]
)
async def test_what_changes_no_answer_is_not_told(pair: tuple[Runtime, Runtime], statement: str) -> None:
    runtime, other = pair
    memory = runtime.predictor.memory
    assert memory is not None
    for _ in range(2):
        await runtime.predictor.predict("a", ASK)
    async with other.sessions.begin() as session:
        await session.execute(text(statement))
    await records.put(other.sessions, TRANSIT, "b", order(9.0))
    await until(lambda: "b" in memory._changed)
    assert memory.get("a", "transit", None, None) is not None


async def test_it_is_emptied_when_nobody_tells_any_more(pair: tuple[Runtime, Runtime]) -> None:
    runtime, other = pair
    memory = runtime.predictor.memory
    assert memory is not None
    for _ in range(2):
        await runtime.predictor.predict("a", ASK)
    assert memory.get("a", "transit", None, None) is not None
    async with other.sessions.begin() as session:
        await session.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where query like '%memories%' and pid <> pg_backend_pid()"
            )
        )
    await until(lambda: memory.get("a", "transit", None, None) is None)
    await until(lambda: memory._listens)


async def test_no_answer_is_stale_once_its_change_was_told(pair: tuple[Runtime, Runtime]) -> None:
    """One writes as fast as it can, the other reads as fast as it can. A write's number is its content."""
    runtime, other = pair
    memory = runtime.predictor.memory
    assert memory is not None
    heard, told = memory.heard, list[str]()

    def noting(changed: str) -> None:
        heard(changed)
        told.append(changed)

    memory.heard = noting  # type: ignore[method-assign]

    async def write_often() -> None:
        for number in range(1, 61):
            await records.put(other.sessions, TRANSIT, "a", order(float(number)))
            if number % 3:  # at once, or when it was read from memory
                hits.clear()
                await until(lambda: bool(hits))

    hits, stale = list[int](), list[tuple[float, int]]()
    await records.put(other.sessions, TRANSIT, "a", order(0.0))
    await until(lambda: told == ['["a"]'])
    writing = asyncio.create_task(write_often())
    while not writing.done():
        newest = told.count('["a"]') - 1
        answer = await runtime.predictor.predict("a", ASK)
        if answer.cached:
            hits.append(answer.id)
        number = float(str(answer.prediction)) / 10
        if number < newest:
            stale.append((number, newest))
        await asyncio.sleep(0)
    await writing
    assert not stale
