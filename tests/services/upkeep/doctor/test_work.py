"""What `doctor` finds of workers, the queue, the code and the keys."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Sessions
from app.schemas.evaluations.runs import EvaluationRequest
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.evaluations import runs
from app.services.predictions.predictor import Ask
from app.services.records import records
from app.services.runtime import open_runtime
from app.services.upkeep import doctor
from app.services.upkeep.doctor import work
from app.services.upkeep.doctor.own_settings import ReadSettings
from tests.services.upkeep.doctor.conftest import Examine
from tests.support.eventually import TIMEOUT
from tests.support.orders import order
from tests.support.use_case import TRANSIT


async def test_nobody_works(examine: Examine) -> None:
    found = await examine()
    assert (found["workers"].status, found["workers"].do) == ("warning", work.START)
    assert (found["queue"].status, found["queue"].said) == ("ok", "Nothing waits for a worker.")


@pytest.mark.usefixtures("_a_live_version")
async def test_what_waits_while_nobody_works(examine: Examine, sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await runs.begin(session, "transit", EvaluationRequest(model="transit"))
    found = await examine()
    assert found["workers"].status == "unavailable"
    assert found["workers"].said == "No worker runs, and there are tasks due."
    assert found["queue"].status == "ok"
    async with sessions.begin() as session:
        await session.execute(text("update evaluations set created_at = now() - interval '1 hour'"))
        await session.execute(text("insert into workers values (gen_random_uuid(), now() + interval '9 s')"))
    found = await examine()
    assert (found["workers"].status, found["workers"].said) == ("ok", "1 alive.")
    assert found["queue"].status == "warning"
    assert found["queue"].said.startswith("Waiting: 1 evaluations, the oldest for 3,60")


@pytest.mark.usefixtures("_a_live_version")
async def test_whether_others_predict_with_this_code(examine: Examine, settings: Settings) -> None:
    async with open_runtime(settings) as runtime:
        await runtime.predictor.predict("a", Ask("transit"))
    assert (await examine())["code"].said == "What was predicted in the last hour was with this code."
    found = (await examine(settings.model_copy(update={"pipeline_version": "of-tomorrow"})))["code"]
    assert found.status == "warning"
    assert f"other code than of-tomorrow: {TRANSIT.fingerprint}." in found.said


async def test_a_worker_on_other_code(examine: Examine, settings: Settings) -> None:
    other = settings.model_copy(update={"pipeline_version": "of-tomorrow"})
    async with asyncio.timeout(TIMEOUT), open_runtime(other, bulk=True):
        while (found := (await examine())["code"]).status != "warning":  # noqa: ASYNC110 - of Postgres
            await asyncio.sleep(0.02)
    assert found.said.startswith("Services or workers run, and none of them on this code, ")


async def test_records_of_another_use_case(examine: Examine, sessions: Sessions) -> None:
    await records.put(sessions, TRANSIT, "a", order())
    assert (await examine())["records"].status == "ok"
    async with sessions.begin() as session:
        await session.execute(text("update input_objects set payload = '{\"tenure\": 3}'"))
    found = (await examine())["records"]
    assert (found.status, found.said[:9]) == ("warning", "1 records")


async def test_a_use_case_that_cannot_be_loaded_hides_nothing_else(
    examine: Examine, settings: Settings
) -> None:
    found = await examine(settings.model_copy(update={"use_case": "examples.no_such"}))
    assert found["use case"].status == "fault"
    assert found["code"].status == found["records"].status == "skipped"
    assert found["database"].status == "ok"


async def test_who_is_asked_for_a_key(examine: Examine, settings: Settings, sessions: Sessions) -> None:
    others = settings.model_copy(update={"host": "0.0.0.0"})
    assert (await examine())["keys"].status == "warning"
    assert (await examine(others))["keys"].status == "fault"
    assert (await examine(others.model_copy(update={"auth": "none"})))["keys"].status == "warning"
    await keys.make(sessions, NewKey("lasting", ["read"]))
    assert (await examine(others))["keys"].status == "ok"
    await keys.make(sessions, NewKey("brief", ["read"], timedelta(days=3)))
    found = (await examine(others))["keys"]
    assert found.status == "warning"
    assert "brief (" in found.said
    assert "lasting" not in found.said


async def test_settings_that_cannot_be_read_are_all_that_is_told() -> None:
    given = ReadSettings(None, False, ())
    assert [one.status for one in await doctor.examine(given)] == ["skipped"]
