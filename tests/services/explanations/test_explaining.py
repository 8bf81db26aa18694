"""What is explained, by how many calls, and what becomes of the predictions beside it."""

import pytest
from sqlalchemy import text

from app.core.errors import AppError, BadOutput, BudgetSpent, NotFound
from app.db.predictions import claims
from app.db.predictions.scope import Scope
from app.services.access.keys import NewKey
from app.services.explanations.explaining import ExplainedAnswer, Explaining
from app.services.predictions.predictor import Ask
from tests.support.aws_stub import Answer, AwsStub, Request, model_error, reply
from tests.support.callers import asked_by, caller_with
from tests.support.clarify import BASE, clarify, document, explained_reply, explaining, explains
from tests.support.orders import answer_ten_times, invocations

ASK = Ask(model="transit")
Pair = tuple[Explaining, Explaining]


async def test_one_call_gives_both_and_is_never_made_again(pair: Pair, aws: AwsStub) -> None:
    one, other = pair
    found = await one.predict("a", ASK)
    assert (found.answer.prediction, found.answer.cache) == (15.0, "MISS")
    assert (found.explanation.base_value, found.explanation.explains) == (BASE, 15.0)
    assert found.explanation.contributions == {"recent_transit_ratio": 10.0}
    again = await other.predict("a", ASK)
    assert again.explanation == found.explanation
    assert (again.answer.id, again.answer.cache) == (found.answer.id, "HIT")
    plain = await other.predictor.predict("a", ASK)
    assert (plain.id, plain.cache) == (found.answer.id, "HIT")
    assert len(invocations(aws)) == len(explaining(aws)) == 1


async def test_what_was_predicted_before_gets_its_explanation(pair: Pair, aws: AwsStub) -> None:
    one, other = pair
    plain = await one.predictor.predict("a", ASK)
    assert explaining(aws) == []
    found = await other.predict("a", ASK)
    assert (found.answer.id, found.answer.cache) == (plain.id, "MISS")
    assert found.explanation.contributions == {"recent_transit_ratio": 10.0}
    assert (await one.predict("a", ASK)).answer.cache == "HIT"
    assert [explains(request) for request in invocations(aws)] == [False, True]


async def test_an_explanation_of_another_answer_brings_that_with_it(pair: Pair, aws: AwsStub) -> None:
    one, _ = pair
    plain = await one.predictor.predict("a", ASK)
    aws.respond = lambda request: explained_reply(17.0)
    found = await one.predict("a", ASK)
    assert (found.answer.prediction, found.explanation.explains) == (17.0, 17.0)
    now = await one.predictor.predict("a", ASK)
    assert (now.id, now.prediction, now.cache) == (found.answer.id, 17.0, "HIT")
    assert now.id != plain.id


async def test_rounding_is_no_other_answer(pair: Pair, aws: AwsStub) -> None:
    one, _ = pair
    plain = await one.predictor.predict("a", ASK)
    aws.respond = lambda request: explained_reply(15.000001)
    found = await one.predict("a", ASK)
    assert (found.answer.id, found.answer.prediction) == (plain.id, 15.0)


async def test_the_same_content_is_explained_once(pair: Pair, aws: AwsStub) -> None:
    one, other = pair
    first = await one.predict("a", ASK)
    second = await other.predict("b", ASK)
    assert second.answer.id != first.answer.id
    assert (second.answer.record_id, second.answer.cache) == ("b", "HIT")
    assert second.explanation == first.explanation
    assert (await other.predict("b", ASK)).answer.cache == "HIT"
    assert len(invocations(aws)) == 1


async def test_a_record_with_an_answer_of_its_own_is_explained_by_anothers(pair: Pair, aws: AwsStub) -> None:
    one, other = pair
    own = await one.predictor.predict("b", ASK)
    await one.predict("a", ASK)
    found = await other.predict("b", ASK)
    assert found.answer.id == own.id
    assert found.explanation.explains == 15.0
    assert len(explaining(aws)) == 1


async def test_a_refresh_computes_both_anew(pair: Pair, aws: AwsStub) -> None:
    one, _ = pair
    first = await one.predict("a", ASK)
    second = await one.predict("a", Ask(model="transit", refresh=True))
    assert second.answer.id > first.answer.id
    assert second.explanation.computed_at > first.explanation.computed_at
    assert len(explaining(aws)) == 2


async def test_many_are_explained_in_few_calls(pair: Pair, aws: AwsStub) -> None:
    one, _ = pair
    await one.predict("c", ASK)
    found = await one.predict_many(["a", "b", "c", "a", "missing"], ASK)
    assert isinstance(found["missing"], NotFound)
    states = {name: each.answer.cache for name, each in found.items() if isinstance(each, ExplainedAnswer)}
    assert states.pop("c") == "HIT"
    assert sorted(states.values()) == ["COALESCED", "MISS"]  # of one content
    assert len(explaining(aws)) == 2


async def test_what_does_not_explain_is_told_and_spoils_nothing(pair: Pair, aws: AwsStub) -> None:
    one, other = pair

    def no_explanation(request: Request) -> Answer:
        aws.respond = clarify
        return reply(document(answer_ten_times(request), explained=False))

    aws.respond = no_explanation
    with pytest.raises(BadOutput, match="no explanations for 1 rows"):
        await one.predict("a", ASK)
    with pytest.raises(BadOutput, match="no explanations for 1 rows"):  # shared for a while, and asked once
        await other.predict("a", ASK)
    assert len(explaining(aws)) == 1
    assert (await other.predictor.predict("a", ASK)).prediction == 15.0


async def test_an_explainer_that_fails_takes_no_prediction_with_it(pair: Pair, aws: AwsStub) -> None:
    one, _ = pair
    aws.respond = lambda request: model_error(500) if explains(request) else clarify(request)
    for record_id in "ab" * 6:  # more than a breaker bears
        with pytest.raises(AppError):
            await one.predict(record_id, Ask(model="transit", refresh=True))
    assert (await one.predictor.predict("c", ASK)).prediction == 20.0


async def test_an_explanation_is_an_inference_of_a_budget(pair: Pair, aws: AwsStub) -> None:
    one, other = pair
    database = one.predictor.database
    with asked_by(await caller_with(database, NewKey("a", ["predict"], inferences_per_day=2))):
        for _ in range(2):
            await one.predict("a", ASK)
        await other.predictor.predict("c", ASK)
        with pytest.raises(BudgetSpent):
            await other.predict("c", ASK)
        assert (await other.predict("b", ASK)).answer.cache == "HIT"
    assert len(invocations(aws)) == 2


async def test_an_explanation_goes_with_its_prediction(pair: Pair, aws: AwsStub) -> None:
    one, _ = pair
    await one.predict("a", ASK)
    async with one.predictor.database.transactions.begin() as session:
        await session.execute(text("delete from predictions"))
        assert await session.scalar(text("select count(*) from explanations")) == 0


async def test_what_nobody_knows_who_made_is_for_those_who_waited(pair: Pair) -> None:
    """They are told of it only where it is explained."""
    one, _ = pair
    database, pipeline = one.predictor.database, one.predictor.pipeline_version
    answer = (await one.predict("a", ASK)).answer
    scopes = [Scope(1, pipeline, 0, explained=is_explained) for is_explained in (True, False)]
    async with database.transactions.begin() as session:
        await session.execute(text("update predictions set revision = 'pending:0', superseded_at = now()"))
        for scope in scopes:
            found = await claims.unknown(session, scope, [answer.content_hash], after=0)
            assert found[answer.content_hash].id == answer.id
        await session.execute(text("delete from explanations"))
        left = [await claims.unknown(session, scope, [answer.content_hash], after=0) for scope in scopes]
        assert [[*one] for one in left] == [[], [answer.content_hash]]
