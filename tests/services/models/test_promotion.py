"""A version becomes live once a row went all the way to it and back."""

import asyncio
import threading
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import JsonValue
from sqlalchemy import text

from app.core.errors import (
    AppError,
    BackendRejected,
    BackendTimeout,
    BadOutput,
    Conflict,
    Misconfigured,
    NotFound,
    UserCodeError,
)
from app.core.settings import Settings
from app.schemas.judged import Judged
from app.schemas.models import NewVersion
from app.services.inference import Inference
from app.services.models import decided, deletion, rollback, versions
from app.services.records import records
from app.services.runtime import Runtime, open_runtime
from app.services.use_case import UseCase
from tests.support.app import client_of, running_app
from tests.support.aws_stub import Answer, AwsStub, Request, model_error
from tests.support.eventually import TIMEOUT, until
from tests.support.orders import FEATURES, answer_ten_times, invocations, order, prepare
from tests.support.use_case import TRANSIT, changed


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    """Version 1 is live, 2 is registered; the record `a`."""
    aws.respond = answer_ten_times
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
        await register(runtime, "2")
        yield runtime


async def register(runtime: Runtime, version: str, **more: JsonValue) -> bool:
    """Whether the registered version says that it is live."""
    new = NewVersion.model_validate(
        {
            "version": version,
            "backend": "sagemaker",
            "options": {"endpoint_name": "transit"},
            "features": list[JsonValue](FEATURES),
        }
        | more
    )
    found, _ = await versions.register(runtime.sessions, TRANSIT, runtime.inference, "transit", new)
    return found.live


async def live(runtime: Runtime) -> str | None:
    return (await versions.get(runtime.sessions, "transit")).live_version


async def promote(
    runtime: Runtime, version: str = "2", *, probe: bool = True, use_case: UseCase = TRANSIT
) -> str | None:
    """The version that is live then."""
    model = await versions.promote(
        runtime.sessions, use_case, runtime.inference, "transit", version, probe=probe
    )
    return model.live_version


def sulk(_: JsonValue) -> Judged:
    raise ValueError("no number")


async def test_one_row_goes_first_and_nothing_is_stored(runtime: Runtime, aws: AwsStub) -> None:
    await records.put(runtime.sessions, TRANSIT, "b", order(7.0))
    assert await promote(runtime) == "2"
    assert [request.body for request in invocations(aws)] == [b"7.0"]
    assert await promote(runtime) == "2"  # it is live: no move, and no row
    assert len(invocations(aws)) == 1
    async with runtime.sessions() as session:
        assert await session.scalar(text("select count(*) from predictions")) == 0


@pytest.mark.parametrize(
    ("defined", "kind", "said"),
    [
        ({}, BackendRejected, ""),
        ({"preprocess": lambda items: 1 / 0}, UserCodeError, "preprocess raised ZeroDivisionError"),
    ],
)
async def test_a_row_that_fails_leaves_the_live_version_as_it_is(
    runtime: Runtime, aws: AwsStub, defined: dict[str, object], kind: type[AppError], said: str
) -> None:
    aws.respond = lambda _: model_error(400)
    with pytest.raises(AppError) as caught:
        await promote(runtime, use_case=changed(**defined))
    assert type(caught.value) is kind
    assert caught.value.detail.startswith("Version '2' of 'transit' did not become live: its probe failed. ")
    assert said in caught.value.detail
    assert "secret" not in caught.value.detail
    assert await live(runtime) == "1"
    assert await promote(runtime, probe=False, use_case=changed(**defined)) == "2"


async def test_the_row_has_as_long_as_any_prediction(runtime: Runtime, aws: AwsStub) -> None:
    inference = Inference(runtime.settings.model_copy(update={"predict_timeout": 0.0}))
    with pytest.raises(BackendTimeout):
        await versions.promote(runtime.sessions, TRANSIT, inference, "transit", "2")
    await inference.aclose()
    assert invocations(aws) == []
    assert await live(runtime) == "1"


async def test_an_output_that_the_evaluation_cannot_read_fails_it(runtime: Runtime) -> None:
    with pytest.raises(BadOutput, match="judge cannot read a prediction: no number"):
        await promote(runtime, use_case=changed(judge=sulk))
    assert await live(runtime) == "1"


async def test_features_that_are_gone_are_refused_without_a_row(runtime: Runtime, aws: AwsStub) -> None:
    gone = changed(FEATURES=("month",))
    said = r"'{}' of 'transit' did not become live\. .* takes recent_transit_ratio, which preprocess"
    for probe in (True, False):
        with pytest.raises(Misconfigured, match=said.format(2)):
            await promote(runtime, probe=probe, use_case=gone)
    assert await promote(runtime, "1", use_case=gone) == "1"  # it is live: nothing moves
    assert await promote(runtime) == "2"
    with pytest.raises(Misconfigured, match=said.format(1)):
        await rollback.roll_back(runtime.sessions, gone, "transit")
    assert await live(runtime) == "2"
    assert len(invocations(aws)) == 1


async def test_records_of_which_none_fits_refuse_it(runtime: Runtime, aws: AwsStub) -> None:
    async with runtime.sessions.begin() as session:
        await session.execute(text("update input_objects set payload = '{\"tenure\": 3}'"))
    with pytest.raises(Conflict, match=r"live: its probe failed\. There is no row to send: no record has"):
        await promote(runtime)
    assert await live(runtime) == "1"
    assert await promote(runtime, probe=False) == "2"
    assert invocations(aws) == []


async def test_without_a_record_there_is_nothing_to_send(runtime: Runtime, aws: AwsStub) -> None:
    await records.delete(runtime.sessions, "a")
    aws.respond = lambda _: model_error(400)
    assert await promote(runtime) == "2"


async def test_what_took_the_name_of_a_deleted_version_meanwhile_is_not_promoted(
    runtime: Runtime, aws: AwsStub
) -> None:
    """The first call waits for a row that stays away until the version was deleted and made anew."""
    release = threading.Event()

    def held(request: Request) -> Answer:
        if "invocations" in request.path:
            release.wait(TIMEOUT)
        return answer_ten_times(request)

    aws.respond = held
    promotion = asyncio.create_task(promote(runtime))
    await until(lambda: len(invocations(aws)) > 0)
    await deletion.delete(runtime.sessions, "transit", "2")
    await register(runtime, "2", options={"endpoint_name": "another"})
    release.set()
    with pytest.raises(NotFound, match="The version '2' of 'transit' was deleted meanwhile"):
        await promotion
    assert await live(runtime) == "1"


async def test_a_registration_whose_row_fails_is_registered_and_not_live(
    runtime: Runtime, aws: AwsStub
) -> None:
    aws.respond = lambda _: model_error(400)
    with pytest.raises(BackendRejected) as caught:
        await register(runtime, "3", promote=True)
    said = "It is registered. Version '3' of 'transit' did not become live: its probe failed. "
    assert caught.value.detail.startswith(said)
    found = await versions.get(runtime.sessions, "transit")
    assert (found.live_version, [one.version for one in found.versions]) == ("1", ["1", "2", "3"])
    assert await register(runtime, "3", promote=True, probe=False)
    assert await live(runtime) == "3"


async def test_what_was_decided_before_another_move_moves_nothing(runtime: Runtime) -> None:
    shown = await decided.live(runtime.sessions, "transit")
    await promote(runtime)
    await register(runtime, "3")
    with pytest.raises(Conflict, match=r"Nothing was done: version '2' of 'transit' became live after"):
        await versions.promote(runtime.sessions, TRANSIT, runtime.inference, "transit", "3", shown=shown)
    with pytest.raises(Conflict, match="Nothing was done"):
        await rollback.roll_back(runtime.sessions, TRANSIT, "transit", shown=shown)
    assert await live(runtime) == "2"
    now = await decided.live(runtime.sessions, "transit")
    await versions.promote(runtime.sessions, TRANSIT, runtime.inference, "transit", "3", shown=now)
    assert await live(runtime) == "3"


async def test_a_roll_back_sends_nothing(runtime: Runtime, aws: AwsStub) -> None:
    await promote(runtime)
    aws.respond = lambda _: model_error(400)
    assert (await rollback.roll_back(runtime.sessions, TRANSIT, "transit")).live_version == "1"


async def test_what_is_not_there_is_asked_nothing(runtime: Runtime, aws: AwsStub) -> None:
    with pytest.raises(NotFound, match="has no version '9'"):
        await promote(runtime, "9")
    assert invocations(aws) == []


async def test_over_http(runtime: Runtime, settings: Settings, aws: AwsStub) -> None:
    aws.respond = lambda _: model_error(400)
    async with running_app(settings) as app, client_of(app) as client:
        refused = await ask(client, {"version": "2"})
        assert (refused.status_code, refused.json()["title"]) == (502, "The model refused the rows")
        assert "did not become live" in refused.json()["detail"]
        done = await ask(client, {"version": "2", "probe": False})
    assert (done.status_code, done.json()["live_version"]) == (200, "2")


async def ask(client: httpx.AsyncClient, body: dict[str, JsonValue]) -> httpx.Response:
    return await client.post("/models/transit/promote", json=body)
