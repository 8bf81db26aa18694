"""A process that was stopped for so long that nobody told it any more."""

import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.db import listener
from app.services.predictions.predictor import Ask
from tests.services.predictions.test_memory import remembering
from tests.support.aws_stub import AwsStub
from tests.support.eventually import until
from tests.support.orders import answer_ten_times, prepare


async def test_what_it_kept_is_gone_once_it_is_told_again(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.respond = answer_ten_times
    monkeypatch.setattr(listener, "CHECK_EVERY", 0.1)
    async with remembering(settings) as runtime:
        await prepare(runtime.predictor)
        for _ in range(2):
            await runtime.predictor.predict("a", Ask("transit"))
        memory = runtime.predictor.memory
        assert memory is not None
        assert memory.get("a", "transit", None, None) is not None
        async with runtime.sessions.begin() as session:
            await session.execute(text("update memories set until = now() - interval '1 second'"))
        await until(lambda: memory.get("a", "transit", None, None) is None)
        assert memory._listens
