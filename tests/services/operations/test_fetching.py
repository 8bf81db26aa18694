"""What becomes of what was handed over, whatever the bucket and the platform say."""

from uuid import uuid4

import pytest
from pydantic import JsonValue
from sqlalchemy import text
from structlog.typing import EventDict

from app.db.operations import working as rows
from app.services.operations import operator
from app.services.operations.operator import Operator
from app.services.operations.submitted import Submitted
from app.services.runtime import Runtime
from tests.services.operations.test_single_flight import answered, failure, place
from tests.support.aws_stub import Answer, error
from tests.support.later_stub import LaterStub, s3_error
from tests.support.operations import operate

DUE = "update operations set due_at = now()"
OVER = "update operations set due_at = now(), expires_at = now()"


async def change(runtime: Runtime, statement: str) -> None:
    async with runtime.sessions.begin() as session:
        await session.execute(text(statement))


async def step(runtime: Runtime, statement: str = DUE) -> None:
    """What one worker does of what is due, once."""
    await change(runtime, statement)
    owner = uuid4()
    async with runtime.sessions.begin() as session:
        version = runtime.predictor.pipeline_version
        taken = await rows.take(session, owner, version, submits=True, most=10, lease=60)
    for one in taken:
        await Submitted(runtime, owner).work(one)


async def state(runtime: Runtime) -> tuple[str, JsonValue]:
    """That of the only operation, and the slug of its error."""
    async with runtime.sessions() as session:
        query = "select state, error ->> 'slug' from operations"
        [(now, slug)] = (await session.execute(text(query))).all()
    return now, slug


async def test_it_is_handed_over_once_and_then_looked_for(runtime: Runtime, later: LaterStub) -> None:
    later.is_open = False
    await place(runtime, "a")
    for _ in range(3):
        await step(runtime)
    assert (len(later.taken), await state(runtime)) == (1, ("running", None))
    [request] = later.taken
    assert (request.body, request.path) == (b"1.5", "/endpoints/later/async-invocations")
    headers = {name: value for name, value in request.headers.items() if name.startswith("x-amzn-sagemaker")}
    assert headers.pop("x-amzn-sagemaker-inference-id")
    assert headers == {
        "x-amzn-sagemaker-content-type": "text/csv",
        "x-amzn-sagemaker-accept": "text/csv",
        "x-amzn-sagemaker-requestttlseconds": "21600",
        "x-amzn-sagemaker-invocationtimeoutseconds": "900",
    }
    later.open()
    await step(runtime)
    assert (await answered(runtime, "a")).prediction == 15.0


PASSES = {
    "slow down": s3_error("SlowDown", 503),
    "denied": s3_error("AccessDenied", 403),
    "expired": s3_error("ExpiredToken", 400),
    "broken": Answer(500),
}


async def test_a_bucket_that_cannot_be_read_is_looked_into_again(runtime: Runtime, later: LaterStub) -> None:
    await place(runtime, "a")
    await step(runtime)
    for name, refusal in PASSES.items():
        later.s3_refusal = refusal
        await step(runtime)
        assert await state(runtime) == ("running", None), name
    later.s3_refusal = None
    await step(runtime)
    assert ((await answered(runtime, "a")).prediction, len(later.taken)) == (15.0, 1)


async def test_who_may_not_read_the_bucket_is_told_what_is_missing(
    runtime: Runtime, later: LaterStub
) -> None:
    later.s3_refusal = s3_error("AccessDenied", 403)
    await place(runtime, "a")
    await step(runtime)
    await step(runtime, OVER)
    said = (await failure(runtime, "a")).detail
    assert "s3:GetObject and s3:ListBucket" in said
    assert "bucket/" not in said


async def test_a_bucket_that_is_not_there_is_the_end(runtime: Runtime, later: LaterStub) -> None:
    later.s3_refusal = s3_error("NoSuchBucket", 404)
    await place(runtime, "a")
    await step(runtime)
    await step(runtime)
    assert await state(runtime) == ("failed", "backend-refused")


async def test_what_never_comes_or_is_gone_is_a_time_out(runtime: Runtime, later: LaterStub) -> None:
    later.is_open = False
    await place(runtime, "a")
    await step(runtime)
    await step(runtime, OVER)
    assert await state(runtime) == ("failed", "backend-timeout")


SAID = {
    "Received client error (400) from primary with message 'secret'": "backend-rejected",
    "Received server error (500) from primary with message 'secret'": "backend-rejected",
    "Received server error (503) from primary": "backend-down",
    "Received client error (415) from primary": "backend-refused",
    "Received server error (0) from primary: Your invocation timed out": "backend-timeout",
    "The request has expired": "backend-timeout",
    '{"OriginalStatusCode": 400, "OriginalMessage": "secret"}': "backend-rejected",
    '{"Message": "Received server error (503) from primary"}': "backend-down",
    '["secret"]': "backend-rejected",
    "": "backend-rejected",
    "x" * 100_000: "backend-rejected",
}


async def test_a_failure_is_told_in_our_words(
    runtime: Runtime, later: LaterStub, logs: list[EventDict]
) -> None:
    later.is_open = False
    for number, (said, slug) in enumerate(SAID.items()):
        later.fail(number, said)
        await place(runtime, "a")
        await step(runtime)
        await step(runtime)
        assert await state(runtime) == ("failed", slug), said[:100]
        assert "secret" not in (await failure(runtime, "a")).detail
        await change(runtime, "delete from operations")


OUTPUTS = {
    "nothing": Answer(headers={"Content-Type": "text/csv"}),
    "two rows": Answer(body=b"1\n2", headers={"Content-Type": "text/csv"}),
    "NaN": Answer(body=b"NaN", headers={"Content-Type": "text/csv"}),
    "a page": Answer(body=b"<html>", headers={"Content-Type": "text/html"}),
}


async def test_an_output_that_is_no_prediction_is_a_failure(runtime: Runtime, later: LaterStub) -> None:
    """Without a media type it is read as what was asked for."""
    for number, (name, output) in enumerate(OUTPUTS.items()):
        later.objects[f"out/{number}"] = output
        await place(runtime, "a")
        await step(runtime)
        await step(runtime)
        assert await state(runtime) == ("failed", "bad-output"), name
        await change(runtime, "delete from operations")
    later.objects["out/4"] = Answer(body=b"15.0", headers={"Content-Type": "binary/octet-stream"})
    await place(runtime, "a")
    await step(runtime)
    await step(runtime)
    assert (await answered(runtime, "a")).prediction == 15.0


async def test_what_the_platform_does_not_take_now_is_offered_again(
    runtime: Runtime, later: LaterStub
) -> None:
    later.refusal = error("ThrottlingException", 400, None)
    await place(runtime, "a")
    await step(runtime)
    assert await state(runtime) == ("running", None)
    later.refusal = None
    await step(runtime)
    await step(runtime)
    assert ((await answered(runtime, "a")).prediction, len(later.taken)) == (15.0, 1)


async def test_what_it_never_takes_fails(runtime: Runtime, later: LaterStub) -> None:
    later.refusal = error("ValidationError", 400, "secret")
    await place(runtime, "a")
    await step(runtime)
    assert await state(runtime) == ("failed", "backend-refused")


async def test_a_bug_ends_one_and_not_the_others(
    runtime: Runtime, later: LaterStub, monkeypatch: pytest.MonkeyPatch, logs: list[EventDict]
) -> None:
    work = Submitted.work

    async def broken(self: Submitted, taken: rows.TakenOperation) -> None:
        if taken.record_id == "a":
            raise KeyError("secret")
        await work(self, taken)

    monkeypatch.setattr(Submitted, "work", broken)
    await place(runtime, "a")
    await place(runtime, "b")
    await operate(runtime)
    assert (await failure(runtime, "a")).slug == "internal"
    assert (await answered(runtime, "b")).prediction == 25.0


async def test_of_other_code_only_what_is_over_is_ended(
    runtime: Runtime, later: LaterStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While there may be a worker with that code, it is left to it."""
    await place(runtime, "a")
    await change(runtime, "update operations set pipeline_version = 'other'")
    monkeypatch.setattr(operator, "EXPIRE_EVERY", 0)
    one = Operator(runtime)
    await one._tick()
    assert await state(runtime) == ("queued", None)
    await change(runtime, OVER)
    await one._tick()
    assert await state(runtime) == ("failed", "backend-timeout")
    assert later.taken == []
