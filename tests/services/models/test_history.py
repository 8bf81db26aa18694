"""Which version was live when: each move of the live pointer begins a stretch, and ends the one before."""

from dataclasses import replace

import pytest

from app.core.errors import InvalidInput, NotFound
from app.db import models as rows
from app.db.engine import Sessions
from app.schemas.access.callers import ITSELF
from app.schemas.hosting.deployments import Deployment
from app.schemas.models import LiveStretch
from app.services.models import history, rollback
from tests.support.callers import asked_by
from tests.support.orders import FEATURES
from tests.support.use_case import TRANSIT

BACK = "back"


async def make(sessions: Sessions, model: str, *moves: str) -> None:
    """A model with the versions 1, 2 and 3, of which these become live in turn."""
    async with sessions.begin() as session:
        row = await rows.ensure_model(session, model)
        for version in ("1", "2", "3"):
            deployment = Deployment(0, model, version, "sagemaker", {"endpoint_name": "a"}, tuple(FEATURES))
            await rows.insert_version(session, row.id, deployment)
    for move in moves:
        if move == BACK:
            await rollback.roll_back(sessions, TRANSIT, model)
            continue
        async with sessions.begin() as session:
            row = await rows.ensure_model(session, model)
            found = await rows.find_version(session, row.id, move)
            assert found is not None
            await rows.promote(session, row, found.id)


def told(found: LiveStretch) -> tuple[str, str, str | None]:
    return found.version, found.began, found.ended


async def test_each_move_begins_a_stretch_and_ends_the_one_before(sessions: Sessions) -> None:
    await make(sessions, "m", "1", "2", BACK, "3", "2", BACK, BACK)
    found = (await history.page(sessions, "m", limit=100, cursor=None)).items
    assert [told(one) for one in found] == [
        ("1", "rolled back to", None),
        ("3", "rolled back to", "rolled back"),
        ("2", "promoted", "rolled back"),
        ("3", "promoted", "replaced"),
        ("1", "rolled back to", "replaced"),
        ("2", "promoted", "rolled back"),
        ("1", "promoted", "replaced"),
    ]
    assert found[0].until is None
    assert [one.until for one in found[1:]] == [one.since for one in found[:-1]]
    newest = await history.newest(sessions, "m", ["2", "3", "nobody's"])
    assert newest == {"2": found[2], "3": found[1]}


async def test_pages_meet(sessions: Sessions) -> None:
    await make(sessions, "m", "1", "2", BACK, "3")
    whole = (await history.page(sessions, "m", limit=100, cursor=None)).items
    met, cursor = list[LiveStretch](), None
    for _ in whole:
        found = await history.page(sessions, "m", limit=1, cursor=cursor)
        met, cursor = [*met, *found.items], found.next_cursor
    assert (met, cursor) == (whole, None)
    with pytest.raises(InvalidInput, match="cursor"):
        await history.page(sessions, "m", limit=1, cursor="bm90IG91cnM")


async def test_a_model_that_was_never_live_has_none(sessions: Sessions) -> None:
    await make(sessions, "m")
    assert (await history.page(sessions, "m", limit=1, cursor=None)).items == []
    assert await history.newest(sessions, "m", ["1"]) == {}


async def test_what_is_not_there_for_the_caller_is_not_found(sessions: Sessions) -> None:
    await make(sessions, "m", "1")
    with asked_by(replace(ITSELF, models=frozenset({"n"}))):
        with pytest.raises(NotFound, match="There is no model 'm'"):
            await history.page(sessions, "m", limit=1, cursor=None)
        assert await history.newest(sessions, "m", ["1"]) == {}


async def test_a_move_that_waited_for_another_comes_after_it(sessions: Sessions) -> None:
    """Moves are in the order in which the model was locked for them, whenever their transactions began."""
    await make(sessions, "m", "1", "2")
    async with sessions.begin() as session:
        begun = await rows.list_versions(session, "m")  # its transaction begins before that of the roll-back
        await rollback.roll_back(sessions, TRANSIT, "m")
        row = await rows.ensure_model(session, "m")
        await rows.promote(session, row, begun[-1].ModelVersionRow.id)
    found = (await history.page(sessions, "m", limit=2, cursor=None)).items
    assert [told(one) for one in found] == [("3", "promoted", None), ("1", "rolled back to", "replaced")]
