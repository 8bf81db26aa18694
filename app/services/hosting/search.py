"""Which rows a model refuses: those that it refuses alone. All others get their answers."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from app.core.errors import AppError, BackendCrashed, BackendDown, BackendRejected, BadOutput
from app.services.hosting.outcomes import InferenceOutcome

ENOUGH = 8
"""So many rows have to fail alone, with no answer beside them, before their failing counts as an outage."""

T = TypeVar("T")
Refusal: TypeAlias = BackendRejected | BadOutput
"""Why a call came to nothing that may come of one of its rows: an answer that is one row short, too."""
Piece: TypeAlias = list[int]
Call: TypeAlias = Callable[[Piece], Coroutine[None, None, list[InferenceOutcome] | AppError]]
"""Sends rows, by their numbers, in one call: an outcome for each, or why there are none."""


async def settle(
    rows: Sequence[int], call: Call, works: Callable[[], bool], *, width: int
) -> dict[int, InferenceOutcome]:
    """Call with all rows, and with halves of what is refused until each bad row stands alone.

    Those are at most twice as many calls as there are rows; b bad ones among n take about 2 b log2(n / b).
    About ``width`` of them are made at once, on the smallest parts, so that rows are settled from early on.
    ``works`` tells whether the model has answered anybody meanwhile. While it has not, and crashes on
    whatever it is sent, it is sent a little at a time; then all that it had no answer for is an outage.
    """
    search = _Search(call, works, max(1, width // 2))
    await search.send([[*rows]])
    while search.refused and not search.is_outage(ENOUGH):
        await search.send(search.next_parts())
    if search.is_outage(min(ENOUGH, len(rows))):
        search.give_up()
    return search.outcomes


@dataclass
class _Search:
    call: Call
    works: Callable[[], bool]
    most: int
    """Parts that are halved at a time."""
    outcomes: dict[int, InferenceOutcome] = field(default_factory=dict)
    refused: list[Piece] = field(default_factory=list)
    """Of more than one row."""
    reasons: list[Refusal] = field(default_factory=list)
    """Why parts and rows were refused."""
    alone: list[int] = field(default_factory=list)
    """The rows that were refused by themselves."""

    async def send(self, parts: list[Piece]) -> None:
        """Call with each part, all at once."""
        answers = await together(self.call(part) for part in parts)
        for part, answer in zip(parts, answers, strict=True):
            if isinstance(answer, Refusal):
                self._refuse(part, answer)
            elif isinstance(answer, AppError):
                self.outcomes.update(dict.fromkeys(part, answer))
            else:
                self.outcomes.update(zip(part, answer, strict=True))

    def _refuse(self, part: Piece, reason: Refusal) -> None:
        self.reasons.append(reason)
        if len(part) > 1:
            self.refused.append(part)
        else:
            self.alone += part
            self.outcomes[part[0]] = reason

    def next_parts(self) -> list[Piece]:
        """Halves of what was refused, the smallest first; of one part only while the model may be down."""
        self.refused.sort(key=len)
        count = 1 if self._may_be_down() else self.most
        taken, self.refused = self.refused[:count], self.refused[count:]
        return [half for part in taken for half in _halves(part)]

    def _may_be_down(self) -> bool:
        return not self.works() and all(
            isinstance(reason, BackendCrashed | BadOutput) for reason in self.reasons
        )

    def is_outage(self, enough: int) -> bool:
        """Whether ``enough`` rows failed alone, and more than one, and nothing speaks against an outage."""
        return len(self.alone) >= max(enough, 2) and self._may_be_down()

    def give_up(self) -> None:
        last = self.reasons[-1]
        down: AppError = last
        if isinstance(last, BackendCrashed):
            down = BackendDown(f"{last.detail} So it did on other rows, and it answered none.")
        unanswered = [*self.alone, *(row for part in self.refused for row in part)]
        self.outcomes.update(dict.fromkeys(unanswered, down))


def _halves(part: Piece) -> tuple[Piece, Piece]:
    """Drawn anew each time, so that rows which are refused only beside each other are parted."""
    mixed = random.sample(part, len(part))
    return mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]


async def together(calls: Iterable[Coroutine[None, None, T]]) -> list[T]:
    """Run all at once; a failure or a cancellation stops them all."""
    calls = [*calls]
    if len(calls) == 1:  # by far the most are: no task of its own
        return [await calls[0]]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(call) for call in calls]
    return [task.result() for task in tasks]
