"""An explanation is hidden as the prediction is that it explains."""

import asyncpg
from pydantic import SecretStr
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import open_database
from app.db.predictions import explanations
from app.schemas.access.callers import ITSELF, Caller
from tests.support.callers import asked_by
from tests.support.tenants import wall_in

ROWS = """
    insert into models (name) values ('ours'), ('theirs');
    insert into model_versions (model_id, version, backend, options, features)
    select id, '1', 'sagemaker', '{}', '{}' from models order by id;
    insert into predictions (model_version_id, revision, pipeline_version, record_id, content_hash,
                             output, raw_output, latency_ms)
    select version.id, '', '', record_id, record_id, '1', '1', 1
    from model_versions version, unnest(array['a-1', 'b-1']) as record_id order by version.id, record_id;
    insert into explanations (prediction_id, model_version_id, record_id, value)
    select id, model_version_id, record_id, '{}' from predictions;
"""
OF_PREFIX = Caller("a", frozenset(), record_prefix="a-")
OF_MODEL = Caller("m", frozenset(), models=frozenset({"theirs"}))


async def test_it_is_for_who_may_know_of_its_record_and_its_model(
    settings: Settings, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(ROWS)
    await connection.close()
    url = await wall_in(database_url)
    walled = (
        settings if settings.database_pooler else settings.model_copy(update={"database_url": SecretStr(url)})
    )
    database = open_database(walled)
    seen = {}
    for caller in (ITSELF, OF_PREFIX, OF_MODEL):
        with asked_by(caller):
            found = await explanations.find(database.direct, [1, 2, 3, 4])
            async with database.transactions() as session:
                told = await session.scalars(text("select prediction_id from explanations order by 1"))
                assert [*told] == sorted(found)
            seen[caller.name] = sorted(found)
    await database.aclose()
    assert seen == {ITSELF.name: [1, 2, 3, 4], "a": [1, 3], "m": [3, 4]}
