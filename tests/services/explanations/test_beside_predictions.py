"""Explanations are asked for once, however many ask, and predictions know nothing of them."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from pydantic import JsonValue

from app.api import answers
from app.core.errors import InvalidInput
from app.schemas.models import NewVersion
from app.services.explanations.explaining import Explaining
from app.services.models import versions
from app.services.predictions.predictor import Ask, Predictor
from tests.support.aws_stub import Answer, AwsStub, Request
from tests.support.clarify import clarify, explained_reply, explaining, explains
from tests.support.eventually import until
from tests.support.orders import FEATURES, answer_ten_times, invocations
from tests.support.statements import recorded
from tests.support.use_case import TRANSIT

ASK = Ask(model="transit")
Pair = tuple[Explaining, Explaining]


def held_while_explaining(request: Request, release: threading.Event) -> Answer:
    return replace(clarify(request), wait=release) if explains(request) else clarify(request)


async def test_many_who_ask_at_once_are_answered_by_one_call(pair: Pair, aws: AwsStub) -> None:
    release = threading.Event()
    aws.respond = lambda request: held_while_explaining(request, release)
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(pair[place % 2].predict("ab"[place % 4 // 2], ASK)) for place in range(60)]
        await until(lambda: len(explaining(aws)) > 0)
        release.set()
    found = [call.result() for call in calls]
    assert {one.explanation.explains for one in found} == {15.0}
    assert len({one.answer.id for one in found}) == 2
    assert len(invocations(aws)) == 1


async def test_a_prediction_does_not_wait_for_an_explanation(pair: Pair, aws: AwsStub) -> None:
    release = threading.Event()
    aws.respond = lambda request: held_while_explaining(request, release)
    async with asyncio.TaskGroup() as group:
        explained = group.create_task(pair[0].predict("a", ASK))
        await until(lambda: len(explaining(aws)) == 1)
        plain = [await one.predictor.predict("a", ASK) for one in pair]
        assert not explained.done()
        release.set()
    assert [one.cache for one in plain] == ["MISS", "HIT"]
    assert explained.result().answer.id == plain[0].id
    assert len(invocations(aws)) == 2


async def test_what_lands_first_is_what_everybody_gets(pair: Pair, aws: AwsStub) -> None:
    """A prediction that was on its way finds the one that came with an explanation."""
    release = threading.Event()

    def respond(request: Request) -> Answer:
        return explained_reply(15.0) if explains(request) else replace(clarify(request), wait=release)

    aws.respond = respond
    async with asyncio.TaskGroup() as group:
        plain = group.create_task(pair[1].predictor.predict("a", ASK))
        await until(lambda: len(invocations(aws)) == 1)
        explained = await pair[0].predict("a", ASK)
        release.set()
    assert plain.result().id == explained.answer.id


async def test_a_version_without_an_explainer_says_what_would_be_right(pair: Pair, aws: AwsStub) -> None:
    one, _ = pair
    await register(one.predictor, "2", {"endpoint_name": "transit"})
    for ask in (Ask("transit", "2"), Ask("transit", "2", refresh=True)):
        with pytest.raises(InvalidInput) as raised:
            await one.predict("a", ask)
        assert raised.value.detail == "Version '2' of model 'transit' has no explainer."
        assert [(fault.field, "option explainer" in fault.message) for fault in raised.value.errors] == [
            ("explain", True)
        ]
    assert invocations(aws) == []


async def test_predictions_are_the_same_with_and_without_an_explainer(pair: Pair, aws: AwsStub) -> None:
    """The same statements, the same bytes to the model, and the same to the caller."""
    one, _ = pair
    predictor = one.predictor
    aws.respond = answer_ten_times
    await register(predictor, "2", {"endpoint_name": "transit"})
    await register(predictor, "3", {"endpoint_name": "transit", "explainer": {"kind": "container"}})
    for version in "23":  # open, and what is read once is known
        await predictor.predict("c", Ask("transit", version))
    without, bodies, sent = await asked(predictor, aws, "2")
    assert [sql for sql in without if "expla" in sql] == []
    assert await asked(predictor, aws, "3") == (without, bodies, sent)
    aws.respond = clarify
    await predictor.predict("c", ASK)
    with_clarify, same_bodies, sent = await asked(predictor, aws, "1")
    assert (with_clarify, same_bodies) == (without, bodies)
    assert sent[0][1].pop("x-amzn-sagemaker-enable-explanations") == "`false`"


async def asked(
    predictor: Predictor, aws: AwsStub, version: str
) -> tuple[list[str], list[bytes], Sequence[tuple[bytes, dict[str, str]]]]:
    """A miss, a hit and a refresh: the statements, what the caller gets but for what tells versions and
    moments apart, and what was sent."""
    aws.requests.clear()
    ask = Ask("transit", version)
    with recorded(predictor.database.engine) as seen:
        found = [await predictor.predict("a", one) for one in (ask, ask, replace(ask, refresh=True))]
    bodies = [answers.single(one._replace(version="", computed_at=datetime.max)) for one in found]
    own = ("authorization", "x-amz-date", "amz-sdk-invocation-id", "x-amzn-sagemaker-inference-id")
    sent = [
        (request.body, {name: value for name, value in request.headers.items() if name.lower() not in own})
        for request in invocations(aws)
    ]
    return [sql for sql, _ in seen], bodies, sent


async def register(predictor: Predictor, version: str, options: dict[str, JsonValue]) -> None:
    new = NewVersion(version=version, backend="sagemaker", options=options, features=list(FEATURES))
    sessions, inference = predictor.database.transactions, predictor.flights._leader.inference
    await versions.register(sessions, TRANSIT, inference, "transit", new)
