"""What is past its time goes, the rest stays."""

import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Sessions
from app.services.predictions.predictor import Ask
from app.services.runtime import open_runtime
from app.services.upkeep import purge
from tests.support.aws_stub import AwsStub
from tests.support.judged_orders import evaluate, store_judged_orders
from tests.support.orders import answer_ten_times, prepare


async def count(sessions: Sessions, table: str) -> int:
    async with sessions() as session:
        return await session.scalar(text(f"select count(*) from {table}")) or 0


async def set_state(sessions: Sessions, evaluation_id: int, state: str) -> None:
    async with sessions.begin() as session:
        values = {"id": evaluation_id, "state": state}
        await session.execute(text("update evaluations set state = :state where id = :id"), values)


async def test_old_predictions_go_but_for_those_that_were_judged(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.respond = answer_ten_times
    monkeypatch.setattr(purge, "BATCH", 3)
    async with open_runtime(settings.model_copy(update={"prediction_retention_days": 30})) as runtime:
        sessions = runtime.database.transactions
        await prepare(runtime.predictor)
        await store_judged_orders(sessions)
        run = await evaluate(runtime)
        unjudged = [f"r{index:02}" for index in range(0, 40, 4)]
        await runtime.predictor.predict_many(unjudged, Ask("transit"))
        async with sessions.begin() as session:
            await session.execute(text("update predictions set computed_at = now() - interval '31 days'"))
        await runtime.predictor.predict_many(["a"], Ask("transit"))
        await set_state(sessions, run.id, "running")
        await purge.purge(runtime)
        assert await count(sessions, "predictions") == run.predicted + 11
        await set_state(sessions, run.id, "done")
        await purge.purge(runtime)
        assert await count(sessions, "predictions") == run.predicted + 1
        again = await runtime.predictor.predict_many(unjudged, Ask("transit"))
        assert len(again) == 10
        assert await count(sessions, "predictions") == run.predicted + 11


async def test_nothing_goes_unless_it_is_set_and_the_queues_log_does(
    settings: Settings, aws: AwsStub
) -> None:
    aws.respond = answer_ten_times
    async with open_runtime(settings) as runtime:
        sessions = runtime.database.transactions
        await prepare(runtime.predictor)
        await runtime.predictor.predict("a", Ask("transit"))
        async with sessions.begin() as session:
            await session.execute(text("update predictions set computed_at = now() - interval '9 years'"))
            await session.execute(
                text(
                    "insert into pgqueuer_log (created, job_id, status, priority, entrypoint)"
                    " select now() - make_interval(days => days), days, 'successful', 0, 'evaluate'"
                    " from unnest(array[6, 8]) as days"
                )
            )
        await purge.purge(runtime)
        assert await count(sessions, "predictions") == 1
        assert await count(sessions, "pgqueuer_log") == 1
