"""What `store` leaves in the log, whatever was there before."""

from dataclasses import replace

import pytest

from app.db.engine import Sessions
from app.db.predictions import predictions
from app.db.predictions.cache import CachedPrediction
from app.db.predictions.predictions import NewPrediction
from app.db.predictions.scope import Scope
from app.db.tables import ModelRow, ModelVersionRow

KEY = ("a", "hash")
FIRST, SECOND = (NewPrediction(*KEY, "deployed", output, output, 1.0) for output in (1.5, 2.5))


@pytest.fixture
async def scope(sessions: Sessions) -> Scope:
    async with sessions.begin() as session:
        model = ModelRow(name="transit")
        session.add(model)
        await session.flush()
        version = ModelVersionRow(
            model_id=model.id, version="1", backend="sagemaker", options={}, features=[]
        )
        session.add(version)
        await session.flush()
        return Scope(version.id, "code", 0)


async def store(sessions: Sessions, scope: Scope, *rows: NewPrediction) -> dict[str, CachedPrediction]:
    async with sessions.begin() as session:
        return await predictions.store(session, scope, rows, ttl=None)


async def test_what_landed_first_stays_and_comes_back(sessions: Sessions, scope: Scope) -> None:
    landed = (await store(sessions, scope, FIRST))["a"]
    late = await store(sessions, scope, replace(SECOND, record_id="b"), SECOND)
    assert (late["a"].id, late["a"].output, late["b"].output) == (landed.id, "1.5", "2.5")


async def test_what_is_not_good_enough_is_superseded(sessions: Sessions, scope: Scope) -> None:
    landed = (await store(sessions, scope, FIRST))["a"]
    fresh = (await store(sessions, scope, replace(SECOND, after=landed.id)))["a"]
    assert fresh.output == "2.5"
    assert (await store(sessions, scope, FIRST))["a"].id == fresh.id
