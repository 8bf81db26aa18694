"""What is done for everybody is not done for who happened to cause it."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from app.db import looks as rows
from app.db.engine import Sessions
from app.schemas.access.callers import CURRENT, ITSELF, Caller, acting_within
from app.services.inference import Inference
from app.services.models import looks
from app.services.models.looks import PromptLooks
from app.services.upkeep.parts import Part

BOUND = Caller("bound", frozenset(("read",)), models=frozenset("m"), record_prefix="a-")


async def test_a_look_that_a_reply_asks_for_concerns_all(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = asyncio.get_running_loop().create_future()

    async def look_at(*_: object) -> None:
        seen.set_result(CURRENT.get())

    class Session:
        async def __aenter__(self) -> None: ...
        async def __aexit__(self, *_: object) -> None: ...

    async def place_of(*_: object) -> str:
        return "somewhere"

    monkeypatch.setattr(rows, "place_of", place_of)
    monkeypatch.setattr(looks, "look_at", look_at)
    prompt = PromptLooks(cast(Sessions, Session), cast(Inference, None))
    CURRENT.set(BOUND)
    prompt.ask(1)
    assert await seen == ITSELF
    await prompt.aclose()


async def test_a_part_is_looked_at_for_all() -> None:
    seen: list[Caller] = []

    async def look() -> None:
        seen.append(CURRENT.get())

    CURRENT.set(BOUND)
    part = Part("part", look, kept=1)
    await part.status()
    await part.aclose()
    assert seen == [ITSELF]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("", ITSELF), ("a-", Caller("service", ITSELF.scopes, None, frozenset("m"), "a-"))],
)
def test_a_task_of_a_worker_is_done_within_what_its_asker_may_know_of(prefix: str, expected: Caller) -> None:
    with acting_within(prefix, "m"):
        assert CURRENT.get() == expected
    assert CURRENT.get() == ITSELF


def test_what_is_known_goes_by_the_binding() -> None:
    knows: Callable[[str], bool] = BOUND.knows_record
    assert [one for one in ("a-", "a-1", "a", "A-1", "b-1", "") if knows(one)] == ["a-", "a-1"]
    assert [one for one in ("m", "M", "mm", "") if BOUND.knows_model(one)] == ["m"]
    assert tuple(BOUND.binding) == ("a-", "m")
    assert tuple(ITSELF.binding) == ("", "")
    assert ITSELF.knows_record("anything")
    assert ITSELF.knows_model("any")
