"""Calls of more ids than one lookup takes: while they last, other things happen."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence

import pytest

from app.core.errors import NotFound
from app.core.settings import Settings
from app.db.direct import Direct, Statement
from app.db.predictions import cache
from app.db.predictions.cache import LookingUp, Lookup
from app.schemas.models import NewVersion
from app.services.models import versions
from app.services.predictions import lookups
from app.services.predictions.predictor import Answer, Ask
from app.services.records import records
from app.services.runtime import Runtime, open_runtime
from tests.support.aws_stub import Answer as Reply
from tests.support.aws_stub import AwsStub, Request, csv
from tests.support.orders import FEATURES, answer_ten_times, order, prepare
from tests.support.use_case import TRANSIT

ASK = Ask("transit")
IDS = ["a", "b", "c"]


def answer_by_version(request: Request) -> Reply:
    """The endpoint of version 2 answers 2, whatever it is asked."""
    is_second = "/second/invocations" in request.path
    return csv("\n".join("2" for _ in request.body.split())) if is_second else answer_ten_times(request)


@pytest.fixture
async def runtime(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    """A live version 1, which answers 15, and records; a lookup takes one id, and they go one by one."""
    aws.respond = answer_by_version
    monkeypatch.setattr(lookups, "IDS_AT_ONCE", 1)
    monkeypatch.setattr(lookups, "LOOKUPS", 1)
    async with open_runtime(settings, TRANSIT) as runtime:
        await prepare(runtime.predictor)
        for index, record_id in enumerate(IDS):
            await records.put(runtime.sessions, TRANSIT, record_id, order(1.5, carrier=f"U{index}"))
        yield runtime


async def promote_second(runtime: Runtime) -> None:
    new = NewVersion(
        version="2",
        backend="sagemaker",
        options={"endpoint_name": "second"},
        features=list(FEATURES),
        promote=True,
    )
    await versions.register(runtime.sessions, TRANSIT, runtime.inference, "transit", new)


async def test_a_promotion_between_two_lookups_of_a_call_mislabels_nothing(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = cache.look_up
    looked: list[str] = []

    async def then_promoted(
        direct: Direct,
        asks: Sequence[LookingUp],
        *,
        pipeline_version: str,
        ttl: float | None,
        statement: Statement,
    ) -> list[list[Lookup]]:
        found = await look_up(direct, asks, pipeline_version=pipeline_version, ttl=ttl, statement=statement)
        looked.extend(record_id for ask in asks for record_id in ask.record_ids)
        if looked == ["a"]:
            await promote_second(runtime)
        return found

    monkeypatch.setattr(cache, "look_up", then_promoted)
    answers = await runtime.predictor.predict_many(IDS, ASK)
    said = {one: (a.version, a.prediction) for one, a in answers.items() if isinstance(a, Answer)}
    assert said == {"a": ("1", 15.0), "b": ("2", 2.0), "c": ("2", 2.0)}


async def test_a_model_that_is_gone_before_the_last_lookup_is_named(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = cache.look_up

    async def gone(
        direct: Direct,
        asks: Sequence[LookingUp],
        *,
        pipeline_version: str,
        ttl: float | None,
        statement: Statement,
    ) -> list[list[Lookup]]:
        found = await look_up(direct, asks, pipeline_version=pipeline_version, ttl=ttl, statement=statement)
        return [
            [one._replace(model_id=None, version_id=None) if one.record_id == "c" else one for one in each]
            for each in found
        ]

    monkeypatch.setattr(cache, "look_up", gone)
    with pytest.raises(NotFound, match="There is no model 'transit'"):
        await runtime.predictor.predict_many(IDS, ASK)


async def test_of_an_outage_its_caller_is_told_and_the_log_hears_of_no_lost_exceptions(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    unheard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))

    async def away(*_: object, **__: object) -> list[list[Lookup]]:
        raise ConnectionResetError

    monkeypatch.setattr(cache, "look_up", away)
    with pytest.raises(ConnectionResetError):
        await runtime.predictor.predict_many(IDS, ASK)
    await asyncio.sleep(0.01)  # until the others' lookups have failed, too
    gc.collect()
    assert unheard == []
