"""A platform whose answers say which revision made them, and from which row.

It is a backend in this process (register this module's name to use it), so that thousands of interleavings
take minutes. It serves one endpoint, and remembers every call and every look by ticks of one clock.
"""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pydantic import JsonValue

from app.backends.base import BackendOptions, Deployed, Limits, Reply
from app.core.errors import BackendDown, BackendError, BackendRejected
from app.core.hosts import Hosts
from app.schemas.rows import Row

Style: TypeAlias = Literal["silent", "variant", "told"]
"""Whether replies say nothing of what answered, name its variant, or its revision."""


@dataclass
class Call:
    """One call to the model: which revision made its answers, for which version, and from when to when."""

    number: int
    version: str
    rows: list[JsonValue]
    began: int
    ended: int | None = None
    by: str = ""


@dataclass
class Looked:
    """What one look saw, for which version, from when to when; ``ended`` None: it had no answer."""

    version: str
    began: int
    found: Deployed | None = None
    ended: int | None = None


@dataclass
class Platform:
    """What is deployed, and what was asked."""

    style: Style = "silent"
    serving: list[str] = field(default_factory=lambda: ["A"])
    """The revisions in service; more than one while a split or a roll-out lasts."""
    pending: bool = False
    unclear: bool = False
    """Its artifact was replaced since it was deployed."""
    partial: bool = False
    """A look sees one of the revisions, in turn."""
    touched: int = 0
    """Moves with every change of what is deployed, as a time of last modification does."""
    instances: int = 1
    """What surrounds a deployment: scaling moves it, and ``touched``."""
    looks_fail: bool = False
    poisoned: frozenset[int] = frozenset()
    refusal: BackendError | None = None
    """What every call ends in."""
    failing: int = 0
    """How many of the next calls fail."""
    calls: list[Call] = field(default_factory=list)
    looks: list[Looked] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Calls are answered while it is set."""
    held: int = 0
    ticks: "itertools.count[int]" = field(default_factory=itertools.count)
    turn: int = 0
    """Which of several revisions answers next."""

    def tick(self) -> int:
        return next(self.ticks)

    def change(self, serving: list[str], *, pending: bool = False) -> None:
        self.serving, self.pending = serving, pending
        self.touched = self.tick()

    def deployed(self) -> Deployed:
        variants = {f"variant-{one}": one for one in self.serving} if self.style == "variant" else {}
        seen = self.serving
        if self.partial:
            seen = [self.serving[len(self.looks) % len(self.serving)]]
        return Deployed(
            frozenset(seen),
            variants,
            self.pending,
            self.unclear,
            surroundings=f"{self.instances} instances",
            changed=str(self.touched),
            partial=self.partial,
        )

    async def answer(self, version: str, rows: Sequence[Row]) -> Reply:
        call = Call(len(self.calls), version, [row[0] for row in rows], self.tick())
        self.calls.append(call)
        self.held += 1
        met = self._next_revision()
        try:
            await self.gate.wait()
        finally:
            self.held -= 1
        if self.refusal:
            raise self.refusal
        if self.failing:
            self.failing -= 1
            raise BackendDown("The platform failed.")
        if self.poisoned.intersection(number for number in call.rows if isinstance(number, int)):
            raise BackendRejected("The platform refused the rows.")
        # By the one that it met when it came, or the one that is there when it goes on.
        call.by, call.ended = met if call.number % 2 else self._next_revision(), self.tick()
        outputs: list[JsonValue] = [{"by": call.by, "x": x, "call": call.number} for x in call.rows]
        if self.style == "told":
            return Reply([*outputs], revision=call.by)
        return Reply([*outputs], variant=f"variant-{call.by}" if self.style == "variant" else None)

    def _next_revision(self) -> str:
        self.turn += 1
        return self.serving[self.turn % len(self.serving)]

    async def look(self, version: str) -> Deployed:
        looked = Looked(version, self.tick())
        self.looks.append(looked)
        if self.looks_fail:
            raise BackendDown("The platform does not say.")
        looked.found, looked.ended = self.deployed(), self.tick()
        return looked.found


PLATFORM = Platform()


class Options(BackendOptions):
    version: str


class PlatformBackend:
    """A version of the model on the platform."""

    limits = Limits(100, 100_000)

    def __init__(self, version: str) -> None:
        self._version = version

    def row_bytes(self, row: Row) -> int:
        return 1

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        return await PLATFORM.answer(self._version, rows)

    async def look(self) -> Deployed:
        return await PLATFORM.look(self._version)

    async def aclose(self) -> None:
        """Nothing is open."""


def create(options: Options, features: Sequence[str], concurrency: int, hosts: Hosts) -> PlatformBackend:
    return PlatformBackend(options.version)
