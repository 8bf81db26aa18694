"""How a part is looked at, whatever it is."""

import asyncio

import pytest
from structlog.typing import EventDict

from app.core.errors import Unavailable
from app.services.upkeep import parts
from app.services.upkeep.parts import NotKnown, Part
from tests.support.eventually import TIMEOUT, until


class Look:
    """A look that can be held, and that fails with what a test sets."""

    def __init__(self) -> None:
        self.count = 0
        self.failure: Exception | None = None
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> None:
        self.count += 1
        await self.go.wait()
        if self.failure:
            raise self.failure


async def test_a_hundred_probes_are_one_look() -> None:
    look = Look()
    part = Part("it", look, kept=60)
    found = await asyncio.gather(*(part.status() for _ in range(100)))
    assert {status.status for status in found} == {"ok"}
    await part.status()
    assert look.count == 1


async def test_a_part_that_hangs_is_missing_and_looked_at_once_at_a_time(
    monkeypatch: pytest.MonkeyPatch, logs: list[EventDict]
) -> None:
    monkeypatch.setattr(parts, "PATIENCE", 0.01)
    look = Look()
    look.go.clear()
    part = Part("it", look, kept=0)
    for _ in range(3):
        assert (await part.status()).reason == "There was no answer in time."
    assert look.count == 1
    look.go.set()
    await until(lambda: len(logs) == 2)
    monkeypatch.setattr(parts, "PATIENCE", TIMEOUT)
    assert (await part.status()).status == "ok"
    assert [entry["event"] for entry in logs] == ["part missing", "part is back"]


async def test_a_look_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PATIENCE", 0.01)
    monkeypatch.setattr(parts, "LONGEST_LOOK", 0.02)
    look = Look()
    look.go.clear()
    part = Part("it", look, kept=0)
    async with asyncio.timeout(TIMEOUT):
        while look.count < 2:
            assert (await part.status()).reason == "There was no answer in time."
    await part.aclose()


async def test_it_is_said_once_that_a_part_is_missing_and_once_that_it_is_back(
    logs: list[EventDict],
) -> None:
    look = Look()
    part = Part("it", look, kept=0)
    for failure in (Unavailable("No."), Unavailable("Still no."), NotKnown(), Unavailable("No."), None, None):
        look.failure = failure
        await part.status()
    said = [(entry["event"], entry["part"]) for entry in logs]
    assert said == [("part missing", "it"), ("part is back", "it")]


async def test_a_bug_in_a_look_is_no_finding() -> None:
    look = Look()
    look.failure = KeyError("bug")
    with pytest.raises(KeyError):
        await Part("it", look, kept=0).status()
