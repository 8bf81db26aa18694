"""A large batch of payloads: few of them are in memory at once."""

import asyncio
from collections.abc import Sequence
from typing import cast

from app.core.errors import AppError
from app.schemas.hosting.deployments import Deployment
from app.schemas.payloads import Payload, Sendable
from app.schemas.rows import Row
from app.services import pipeline
from app.services.hosting.outcomes import Inferred
from app.services.inference import Inference
from app.services.pipeline import Outcome, Stages
from app.services.pipeline.pieces import AT_ONCE, PIECE
from examples.transit.input_object import InputObject
from tests.support.eventually import TIMEOUT, until
from tests.support.orders import order
from tests.support.use_case import changed

DEPLOYMENT = Deployment(1, "m", "1", "any", {}, ("a",))


class Gate:
    """Inference that answers when it may, and notes how many wait for it."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.calls: list[int] = []
        self.waiting = self.most = 0

    async def predict(
        self, deployment: Deployment, sent: Sequence[Sendable], deadline: float
    ) -> list[Inferred | AppError]:
        self.calls.append(len(sent))
        self.waiting += len(sent)
        self.most = max(self.most, self.waiting)
        await self.may_answer.wait()
        self.waiting -= len(sent)
        return [Inferred(float(_text(one)), None, 1) for one in sent]


def _text(one: Sendable) -> str:
    return one.content.decode() if isinstance(one, Payload) else str(one[0])


def payloads(items: Sequence[InputObject]) -> list[Payload]:
    return [Payload(str(item.recent_transit_ratio).encode(), "image/x-test") for item in items]


def rows(items: Sequence[InputObject]) -> list[Row]:
    return [[item.recent_transit_ratio] for item in items]


async def run(gate: Gate, preprocess: object, count: int) -> list[Outcome]:
    use_case = changed(FEATURES=("a",), preprocess=preprocess, postprocess=list)
    asked = pipeline.run(
        *(Stages(use_case), cast(Inference, gate), DEPLOYMENT, [order(float(one)) for one in range(count)]),
        deadline=asyncio.get_running_loop().time() + TIMEOUT,
    )
    task = asyncio.create_task(asked)
    await until(lambda: gate.waiting >= min(count, PIECE * AT_ONCE) or task.done())
    gate.may_answer.set()
    return await task


async def test_pieces_go_side_by_side_and_come_back_in_order() -> None:
    gate, count = Gate(), 2 * PIECE * AT_ONCE + 3
    outcomes = await run(gate, payloads, count)
    assert [one.output for one in outcomes if not isinstance(one, AppError)] == list(range(count))
    assert gate.most == PIECE * AT_ONCE
    assert sorted(gate.calls)[:1] == [3]


async def test_few_go_together() -> None:
    gate = Gate()
    await run(gate, payloads, PIECE)
    assert gate.calls == [PIECE]


async def test_rows_are_never_parted() -> None:
    gate = Gate()
    await run(gate, rows, 500)
    assert gate.calls == [500]
