"""Two workers on a database of their own, struck one at a time, and a model that counts what it is asked."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Sessions, create_direct_engine, create_sessions
from app.schemas.evaluations.runs import EvaluationRequest
from app.schemas.jobs.jobs import PredictionJobRequest
from app.schemas.records.records import RecordWrite
from app.services.evaluations import runs
from app.services.jobs import jobs
from app.services.records import labels, records
from app.services.runtime import open_runtime
from tests.chaos.stalls import described, longest_wait
from tests.support.aws_stub import Answer, AwsStub, Request
from tests.support.orders import answer_ten_times, order, prepare
from tests.support.use_case import TRANSIT
from tests.support.workers import ROOT

PLAIN = "from app.cli import main\nmain(['worker'])"
ANSWER_SECONDS = 0.3
OF_JOB, OF_EVALUATION = 9, 6
LONGEST = 90.0
"""Seconds for what was asked for in one round; a bound, no measurement."""
STALLED = 20.0
"""Seconds after which the log gets a description of what is under way."""


def _lane_of(ratio: float) -> int:
    """Each has a hundred thousand."""
    return int(ratio) // 100_000


class Model:
    """Ten times the ratio; how often each ratio was asked for, and when anything was."""

    def __init__(self, aws: AwsStub) -> None:
        self.asked = Counter[float]()
        self.moments: list[tuple[float, int]] = []
        """When it was asked, and by the workers of which lane."""
        self._lock = threading.Lock()
        aws.respond = self._respond

    def _respond(self, request: Request) -> Answer:
        if "invocations" in request.path:
            with self._lock:
                ratios = [float(row) for row in request.body.decode().splitlines()]
                self.asked.update(ratios)
                self.moments.append((time.monotonic(), _lane_of(ratios[0])))
            time.sleep(ANSWER_SECONDS)
        return answer_ten_times(request)

    def silence(self, lane: int, since: float) -> float:
        """The longest time since then in which that lane's workers did not ask it, though they had to."""
        asked = [moment for moment, number in self.moments if number == lane and moment > since]
        moments = [since, *(asked or [time.monotonic()])]
        return max(after - before for before, after in pairwise(moments))


@dataclass
class Lane:
    """``first`` is a ratio that no other lane has. ``code`` is what each worker runs."""

    settings: Settings
    sessions: Sessions
    model: Model
    log: Path
    first: int
    code: str = PLAIN
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    silences: dict[str, list[float]] = field(default_factory=dict)
    """While there was a worker."""
    longest_wait: float = 0.0
    """Seconds that a statement of theirs waited for a lock."""
    starts: list[float] = field(default_factory=list)
    """Seconds from a crash of both until another was there: of this machine as much as of a worker."""
    excused: Counter[float] = field(default_factory=Counter)
    """What may be asked for once more: what a worker had asked for, and not stored, when it was killed; and
    what one that was stopped had not stored, since its claims run out."""

    def start_worker(self) -> None:
        variables = {
            "DATABASE_URL": self.settings.database_url.get_secret_value(),
            "DATABASE_POOL_SIZE": "3",  # all lanes are on one server, which takes 60
            "LOG_FORMAT": "console",
            "WORKER_ALIVE_FILE": str(self._alive_file),
        }
        with self.log.open("ab") as said:
            self.workers.append(
                subprocess.Popen(
                    [sys.executable, "-c", self.code], cwd=ROOT, env=os.environ | variables, stderr=said
                )
            )

    @property
    def _alive_file(self) -> Path:
        return self.log.with_suffix(".alive")

    async def keep_two(self) -> None:
        """As whoever runs workers does: start one where one has ended."""
        while True:
            self.workers = [one for one in self.workers if one.poll() is None]
            while len(self.workers) < 2:
                self.start_worker()
            await asyncio.sleep(0.1)

    async def round(self, kind: str, number: int) -> None:
        """Ask for a job and an evaluation, strike once the model was asked, and see both to their end."""
        ratios = [float(self.first + number * 100 + index) for index in range(OF_JOB + OF_EVALUATION)]
        job, evaluation = await self._ask(ratios, f"{chr(65 + number // 26)}{chr(65 + number % 26)}")
        await self._until(lambda: any(self.model.asked[ratio] for ratio in ratios))
        await asyncio.sleep(random.uniform(0, 2 * ANSWER_SECONDS))
        began = time.monotonic()
        struck = await self._strike(kind, ratios)
        self._tell(f"strike {number}: {kind} {struck.pid} of {[one.pid for one in self.workers]}")
        if kind == "crash":
            began, crashed = await self._another_is_there(), began
            self.starts.append(began - crashed)
        states = [await self._ended(job), await self._ended(evaluation)]
        self.silences.setdefault(kind, []).append(self.model.silence(_lane_of(self.first), began))
        self.states.update(states)
        if kind == "stop":
            struck.send_signal(signal.SIGCONT)

    async def _ask(self, ratios: list[float], carrier: str) -> tuple[Callable[[], Awaitable[str]], ...]:
        ids = {f"r{int(ratio)}": ratio for ratio in ratios}
        judged = list(ids)[OF_JOB:]
        items = [
            RecordWrite(id=one, input=order(ratio, carrier=carrier if one in judged else "UA"))
            for one, ratio in ids.items()
        ]
        await records.put_many(self.sessions, TRANSIT, items)
        for one in judged:
            await labels.put_label(self.sessions, TRANSIT, one, 7.0)
        wanted = PredictionJobRequest.model_validate({"model": "transit", "ids": list(ids)[:OF_JOB]})
        job = await jobs.ask(self.sessions, TRANSIT, self.settings, wanted)
        request = EvaluationRequest(where={"carrier": carrier})
        run = await runs.ask(self.sessions, TRANSIT, request, default_model="transit")

        async def job_state() -> str:
            return (await jobs.get(self.sessions, job.id)).state

        async def run_state() -> str:
            return (await runs.get(self.sessions, run.id)).state

        return job_state, run_state

    async def _strike(self, kind: str, ratios: list[float]) -> "subprocess.Popen[bytes]":
        """Cut off or crash both workers, or kill, stop or end one of them."""
        struck = random.choice(self.workers)
        if kind == "cut":
            async with self.sessions() as session:
                await session.execute(text(CUT))
            return struck
        for one in [*self.workers] if kind == "crash" else [struck]:
            one.send_signal(SIGNALS[kind])
        await asyncio.sleep(0.2)  # until what it had sent has come in
        if kind in ("crash", "kill"):
            self.excused.update({one for one in ratios if self.model.asked[one]} - await self._stored())
        elif kind == "stop":  # it will ask for what it was about to, once it goes on
            self.excused.update(set(ratios) - await self._stored())
        return struck

    async def _another_is_there(self) -> float:
        """When one was, after both had crashed."""
        self._alive_file.unlink(missing_ok=True)
        await self._until(self._alive_file.exists)
        return time.monotonic()

    async def _stored(self) -> set[float]:
        async with self.sessions() as session:
            found = await session.scalars(text("select record_id from predictions"))
            return {float(one.removeprefix("r")) for one in found if one != "a"}

    async def _ended(self, look: Callable[[], Awaitable[str]]) -> str:
        began, is_told = time.monotonic(), False
        while (seconds := time.monotonic() - began) < LONGEST:
            if (state := await look()) not in ("queued", "running"):
                return state
            if seconds > STALLED and not is_told:
                self._tell(f"has not ended for {seconds:.0f} s\n{await described(self.sessions)}")
                is_told = True
            self.longest_wait = max(self.longest_wait, await longest_wait(self.sessions))
            await asyncio.sleep(0.3)
        return "late"

    def _tell(self, what: str) -> None:
        """Beside what its workers say."""
        with self.log.open("a") as said:
            said.write(f"{datetime.now(UTC):%FT%T.%f} {what}\n")

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(2 * LONGEST):
            while not condition():  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.02)

    def inferred_twice(self) -> int:
        """Rows that the model was asked for again, beside those that were lost with their worker."""
        mine = {one: n for one, n in self.model.asked.items() if 0 <= one - self.first < 100_000}
        return sum(max(0, times - 1 - self.excused[one]) for one, times in mine.items())


SIGNALS = {"crash": signal.SIGKILL, "kill": signal.SIGKILL, "stop": signal.SIGSTOP, "end": signal.SIGTERM}
CUT = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""


@asynccontextmanager
async def lane(
    settings: Settings, model: Model, log: Path, number: int, code: str = PLAIN
) -> AsyncIterator[Lane]:
    """A lane with its workers, which end with it."""
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
        await records.delete(runtime.sessions, "a")
    engine = create_direct_engine(settings)  # nothing stays connected that a cut would hit
    opened = Lane(settings, create_sessions(engine), model, log, first=100_000 * (number + 1), code=code)
    keeping = asyncio.create_task(opened.keep_two())
    try:
        yield opened
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        for worker in opened.workers:
            worker.kill()
            worker.send_signal(signal.SIGCONT)
            worker.wait()
        await engine.dispose()
