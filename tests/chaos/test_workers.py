"""R14: workers that are cut off, killed and stopped amid their work."""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from app.db.jobs import jobs as job_rows
from tests.chaos.conftest import Figure
from tests.chaos.workers import PLAIN, Lane, Model, lane
from tests.conftest import settings_for
from tests.support.aws_stub import AwsStub
from tests.support.postgres import MigratedServer

pytestmark = pytest.mark.chaos
LANES, ROUNDS = 4, 15
KINDS = ("cut", "kill", "stop", "stop", "end")
MOST_SILENT = 15.0


async def run_lane(opened: Lane, kinds: list[str]) -> None:
    for number, kind in enumerate(kinds):
        await opened.round(kind, number)


def strike(
    server: MigratedServer, aws: AwsStub, folder: Path, kinds: list[list[str]], code: str = PLAIN
) -> list[Lane]:
    """Lanes side by side, each through its strikes."""
    with ExitStack() as stack:
        urls = [stack.enter_context(server.clone()) for _ in kinds]
        return asyncio.run(_strike(urls, Model(aws), folder, kinds, code))


async def _strike(
    urls: list[str], model: Model, folder: Path, kinds: list[list[str]], code: str
) -> list[Lane]:
    async with AsyncExitStack() as stack:
        opened = [
            lane(settings_for(url, None), model, folder / f"workers-{number}.log", number, code)
            for number, url in enumerate(urls)
        ]
        lanes = [await stack.enter_async_context(one) for one in opened]
        await asyncio.gather(*map(run_lane, lanes, kinds))
    return lanes


def test_every_one_ends_done_and_nothing_is_inferred_twice(
    postgres_server: MigratedServer,
    aws: AwsStub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    figure: Figure,
) -> None:
    monkeypatch.setattr(job_rows, "RECORDS_PER_CHUNK", 3)
    chosen = [random.sample(KINDS * (ROUNDS // len(KINDS)), ROUNDS) for _ in range(LANES)]
    lanes = strike(postgres_server, aws, tmp_path, chosen)
    states = sum((one.states for one in lanes), Counter[str]())
    twice = sum(one.inferred_twice() for one in lanes)
    by_kind = {kind: max(max(one.silences.get(kind, [0])) for one in lanes) for kind in set(KINDS)}
    silent = ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in sorted(by_kind.items()))
    figure(
        "R14",
        f"{LANES * ROUNDS} strikes at workers",
        "all done, 0 inferred twice, silent at most 15 s",
        f"{dict(states)}, {twice} twice; {silent}",
    )
    assert states == {"done": 2 * LANES * ROUNDS}
    assert twice == 0
    assert max(by_kind.values()) <= MOST_SILENT
