"""One look for all versions of a place; places of live and used versions first; nobody waits for another."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.backends import registry
from app.core.settings import Settings
from app.services.hosting import looks as patience
from app.services.models import versions
from app.services.runtime import Runtime, open_runtime
from app.services.upkeep import revisions
from tests.support import shared_place
from tests.support.use_case import TRANSIT

INSERT = text("""
    with model as (insert into models (name) select unnest(cast(:names as text[])) returning id, name)
    insert into model_versions (model_id, version, backend, options, features, place, revision_checked_at)
    select model.id, '1', :backend,
        jsonb_build_object('endpoint', cast(:endpoint as text), 'model', model.name), '{a}', :place, now()
    from model
""")


@pytest.fixture
async def runtime(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Runtime]:
    for platform in ("one", "other"):
        monkeypatch.setitem(registry.BACKENDS, platform, "tests.support.shared_place")
    for kept in (shared_place.LOOKS, shared_place.HANGS, shared_place.GONE):
        kept.clear()
    shared_place.BUSY[:] = [0, 0]
    async with open_runtime(settings, TRANSIT) as opened:
        yield opened


async def insert(runtime: Runtime, endpoint: str, *models: str, backend: str = "one") -> None:
    """Versions of that many models, as if registered long ago."""
    async with runtime.sessions.begin() as session:
        given = {"names": models, "backend": backend, "endpoint": endpoint, "place": f"{backend} {endpoint}"}
        await session.execute(INSERT, given)


async def revision(runtime: Runtime, model: str) -> str:
    return (await versions.get(runtime.sessions, model)).versions[0].revision


async def test_a_thousand_versions_of_a_place_share_one_look(runtime: Runtime) -> None:
    names = [f"m{number}" for number in range(1000)]
    await insert(runtime, "e", *names)
    shared_place.GONE.add("m7")
    with capture_logs() as logs:
        await revisions.refresh(runtime, age=0)
    assert [len(asked) for asked in shared_place.LOOKS] == [1000]
    assert await revision(runtime, "m8") == "m8 v2"
    assert await revision(runtime, "m7") == ""
    assert [entry["model"] for entry in logs if entry["event"] == "revision unknown"] == ["m7"]


async def test_each_place_is_looked_at_by_one_replica(runtime: Runtime) -> None:
    await insert(runtime, "e", "a")
    await insert(runtime, "f", "b")
    await asyncio.gather(*(revisions.refresh(runtime, age=60) for _ in range(4)))
    assert sorted(shared_place.LOOKS) == [["a"], ["b"]]


async def test_live_and_recently_used_places_come_first(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "AT_ONCE", 1)
    for number in range(5):
        await insert(runtime, f"e{number}", f"m{number}")
    async with runtime.sessions.begin() as session:
        live = "update models set live_version_id = v.id from model_versions v where v.model_id = models.id"
        await session.execute(text(f"{live} and name = 'm3'"))
        used = """
            insert into predictions (record_id, content_hash, model_version_id, pipeline_version, revision,
                                     output, raw_output, latency_ms)
            select 'r', 'h', v.id, 'p', '', '1', '1', 1
            from model_versions v join models m on m.id = v.model_id where m.name = :name
        """
        for name in ("m1", "m4"):
            await session.execute(text(used), {"name": name})
    await revisions.refresh(runtime, age=0)
    assert shared_place.LOOKS[:3] == [["m3"], ["m4"], ["m1"]]


async def test_a_platform_that_hangs_delays_no_other(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.5)
    for number in range(30):
        await insert(runtime, f"hanging{number}", f"h{number}")
        shared_place.HANGS.add(f"hanging{number}")
    await insert(runtime, "e", "a", backend="other")
    refreshing = asyncio.create_task(revisions.refresh(runtime, age=0))
    async with asyncio.timeout(60):
        while await revision(runtime, "a") != "a v2":  # noqa: ASYNC110 - a row says it
            await asyncio.sleep(0.01)
    assert not refreshing.done()
    await refreshing
    assert shared_place.BUSY[1] <= revisions.AT_ONCE + 1


async def test_versions_of_a_release_without_places_get_theirs(runtime: Runtime) -> None:
    await insert(runtime, "e", "a", "b")
    async with runtime.sessions.begin() as session:
        await session.execute(text("update model_versions set place = null"))
    await revisions.refresh(runtime, age=0)
    assert sorted(shared_place.LOOKS[0]) == ["a", "b"]
