"""A backend without a platform, for what any backend may do. Register this module's name to use it."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import JsonValue

from app.backends.base import BackendOptions, Deployed, Limits, Reply
from app.core.hosts import Hosts
from app.schemas.rows import Row


class Options(BackendOptions):
    name: str


class FakeBackend:
    """Knows whether it is open; answers ``outputs``, or 1 for each row."""

    made: ClassVar[list["FakeBackend"]] = []
    outputs: ClassVar[list[JsonValue] | None] = None
    said: ClassVar[str] = "r7"
    limits = Limits(10, 1000)

    def __init__(self, name: str) -> None:
        self.name, self.closed = name, False
        self.made.append(self)

    def row_bytes(self, row: Row) -> int:
        return 1

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        return Reply([*([1] * len(rows) if self.outputs is None else self.outputs)], revision=self.said)

    async def look(self) -> Deployed | None:
        return None

    async def aclose(self) -> None:
        self.closed = True


def create(options: Options, features: Sequence[str], concurrency: int, hosts: Hosts) -> FakeBackend:
    return FakeBackend(options.name)
