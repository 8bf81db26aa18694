"""R14: workers that are cut off, killed and stopped amid their work."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.db.jobs import jobs as job_rows
from tests.chaos.conftest import Figure
from tests.chaos.workers import PLAIN, Lane, Model, lane
from tests.conftest import settings_for
from tests.support.aws_stub import AwsStub
from tests.support.postgres import MigratedServer

pytestmark = pytest.mark.chaos
KINDS = ("cut", "kill", "crash", "stop", "end")
LANES, STRIKES = 4, 13
"""Side by side, so that one is struck while another waits, and of each."""
MOST_SILENT = 15.0

Strike = Callable[[list[list[str]], str], "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """How runs and jobs ended, how many rows were inferred twice, and the longest silences, by strike.

    ``wait``: the longest that a statement waited for a lock. ``start``: the longest that a crash of all
    workers left none, which no worker can help.
    """

    states: Counter[str]
    twice: int
    silences: dict[str, float]
    wait: float
    start: float


@pytest.fixture
def strike(
    postgres_server: MigratedServer, aws: AwsStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Strike:
    """Run lanes through their strikes, with workers that run the given code."""
    monkeypatch.setattr(job_rows, "RECORDS_PER_CHUNK", 3)

    def run(kinds: list[list[str]], code: str) -> Outcome:
        with ExitStack() as stack:
            urls = [stack.enter_context(postgres_server.clone()) for _ in kinds]
            lanes = asyncio.run(_strike(urls, Model(aws), tmp_path, kinds, code))
        seconds = [item for one in lanes for item in one.silences.items()]
        return Outcome(
            sum((one.states for one in lanes), Counter()),
            sum(one.inferred_twice() for one in lanes),
            {kind: max(max(found) for name, found in seconds if name == kind) for kind, _ in sorted(seconds)},
            max(one.longest_wait for one in lanes),
            max((start for one in lanes for start in one.starts), default=0.0),
        )

    return run


async def _strike(
    urls: list[str], model: Model, folder: Path, kinds: list[list[str]], code: str
) -> list[Lane]:
    async with AsyncExitStack() as stack:
        opened = [
            lane(settings_for(url, None), model, folder / f"workers-{number}.log", number, code)
            for number, url in enumerate(urls)
        ]
        lanes = [await stack.enter_async_context(one) for one in opened]
        await asyncio.gather(*map(_run, lanes, kinds))
    return lanes


async def _run(opened: Lane, kinds: list[str]) -> None:
    for number, kind in enumerate(kinds):
        await opened.round(kind, number)


@pytest.mark.timeout(900)
def test_every_one_ends_done_and_nothing_is_inferred_twice(strike: Strike, figure: Figure) -> None:
    every = [kind for kind in KINDS for _ in range(LANES * STRIKES // len(KINDS) + 1)][: LANES * STRIKES]
    random.shuffle(every)
    found = strike([every[number::LANES] for number in range(LANES)], PLAIN)
    silent = ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in found.silences.items())
    figure(
        "R14",
        f"{LANES * STRIKES} strikes at workers amid jobs and evaluations",
        "all done, 0 inferred twice, silent at most 15 s",
        f"{dict(found.states)}, {found.twice} twice; longest silence: {silent} (after the {found.start:.1f} s"
        f" that another worker took to start), wait for a lock: {found.wait:.1f} s",
    )
    assert found.states == {"done": 2 * LANES * STRIKES}
    assert found.twice == 0
    assert max(*found.silences.values(), found.wait) <= MOST_SILENT


SLOW_TO_TAKE_OVER = """
from datetime import timedelta
from app.services import worker
worker.HEARTBEAT = timedelta(seconds=25)
"""
TAKES_A_CUT_FOR_A_BUG = """
from app.services.failures import interrupted
interrupted.final_reason = lambda error, last=False: "broken"
"""
FORGETS = """
from dataclasses import replace
from app.services.predictions import patience
once = patience.predict_many
async def again(predictor, record_ids, ask, *, last):
    await once(predictor, record_ids, ask, last=last)
    return await once(predictor, record_ids, replace(ask, refresh=True), last=last)
patience.predict_many = again
"""


def test_the_harness_sees_a_silence(strike: Strike) -> None:
    assert strike([["crash"]], SLOW_TO_TAKE_OVER + PLAIN).silences["crash"] > MOST_SILENT


def test_the_harness_sees_what_does_not_end_done(strike: Strike) -> None:
    assert strike([["cut", "cut"]], TAKES_A_CUT_FOR_A_BUG + PLAIN).states["failed"]


def test_the_harness_sees_what_is_inferred_twice(strike: Strike) -> None:
    assert strike([["cut"]], FORGETS + PLAIN).twice
