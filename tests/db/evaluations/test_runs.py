"""Which attempt may end a run."""

from app.core.settings import Settings
from app.db.evaluations import runs as rows
from app.schemas.evaluations.runs import EvaluationRequest
from app.services.evaluations import runs
from app.services.runtime import open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, prepare
from tests.support.use_case import TRANSIT


async def test_an_attempt_that_was_replaced_cannot_fail_a_run(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
        sessions = runtime.database.transactions
        run = await runs.ask(sessions, TRANSIT, EvaluationRequest(), default_model="transit")
        async with sessions.begin() as session:
            stale, present = [await rows.begin(session, run.id) for _ in range(2)]
            assert stale is not None
            assert present is not None
            assert not await rows.fail(session, run.id, "stale", attempt=stale)
            assert await rows.fail(session, run.id, "present", attempt=present)
            assert await rows.begin(session, run.id) is None
        failed = await runs.get(sessions, run.id)
    assert (failed.state, failed.error) == ("failed", "present")
