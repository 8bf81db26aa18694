import pytest
from pydantic import model_validator
from sqlalchemy import text

from app.core.errors import BackendRejected, Conflict, Misconfigured
from app.core.settings import Settings
from app.db.engine import Sessions
from app.services.inference import Inference
from app.services.models import versions
from app.services.models.probe import LOOKED_AT, PAGE, probe
from app.services.pipeline import Computed
from app.services.records import records
from app.services.runtime import open_runtime
from examples.transit.input_object import InputObject
from tests.support.aws_stub import AwsStub, model_error
from tests.support.orders import answer_ten_times, invocations, order, prepare
from tests.support.use_case import TRANSIT, changed

INSERT = "insert into input_objects (id, payload, content_hash) values (:id, cast(:payload as jsonb), '')"
SPOILT = """
    insert into input_objects (id, payload, content_hash)
    select 'spoilt-' || number, payload || '{"origin_lat": 1000}', ''
    from input_objects, generate_series(1, :count) number where id = 'a'
"""


class Crashing(InputObject):
    """An input object whose validator fails."""

    @model_validator(mode="before")
    @classmethod
    def crash(cls, _: object) -> object:
        return 1 / 0


async def send(settings: Settings, sessions: Sessions, **definitions: object) -> Computed | None:
    """Probe the live version."""
    (live,) = await versions.live_deployments(sessions)
    inference = Inference(settings)
    try:
        return await probe(sessions, changed(**definitions), inference, live, seconds=5)
    finally:
        await inference.aclose()


async def spoil(sessions: Sessions, count: int) -> None:
    """Newer records whose latitude is none, and some of another use case."""
    async with sessions.begin() as session:
        for record_id, payload in {"x": '{"tenure": 3}', "y": '["x"]', "z": "null"}.items():
            await session.execute(text(INSERT), {"id": record_id, "payload": payload})
        await session.execute(text(SPOILT), {"count": count})


@pytest.fixture(autouse=True)
async def _live(settings: Settings, aws: AwsStub) -> None:
    """A live version, and the record `a`, whose prediction is 15."""
    aws.respond = answer_ten_times
    async with open_runtime(settings, TRANSIT) as runtime:
        await prepare(runtime.predictor)


async def test_the_newest_record_goes_all_the_way_and_nothing_is_stored(
    settings: Settings, sessions: Sessions
) -> None:
    await records.put(sessions, TRANSIT, "0", order(2.5))
    sent = await send(settings, sessions)
    assert sent is not None
    assert (sent.output, sent.raw_output) == (25.0, 25.0)
    async with sessions() as session:
        assert await session.scalar(text("select count(*) from predictions")) == 0
        assert await session.scalar(text("select count(*) from inference_claims")) == 0


@pytest.mark.parametrize("count", [1, PAGE, LOOKED_AT - 1])
async def test_newer_ones_that_do_not_fit_are_passed_over(
    settings: Settings, sessions: Sessions, count: int
) -> None:
    await spoil(sessions, count)
    sent = await send(settings, sessions)
    assert sent is not None
    assert sent.output == 15.0


async def test_records_of_which_none_fits_are_an_error_of_its_own(
    settings: Settings, sessions: Sessions, aws: AwsStub
) -> None:
    await spoil(sessions, LOOKED_AT)
    said = "none of the newest 1,000 records fits the present InputObject .origin_lat: Input should be less"
    with pytest.raises(Conflict, match=said):
        await send(settings, sessions)
    async with sessions.begin() as session:
        await session.execute(text("update input_objects set payload = '{\"tenure\": 3}' where id = 'a'"))
        await session.execute(text("delete from input_objects where id <> 'a'"))
    said = "no record has the fields that the present InputObject requires .carrier: Field required.. A pro"
    with pytest.raises(Conflict, match=said):
        await send(settings, sessions)
    with pytest.raises(Conflict, match=r"\(InputObject raised ZeroDivisionError; the log has the rest\)"):
        await send(settings, sessions, InputObject=Crashing)
    assert invocations(aws) == []


async def test_without_a_record_nothing_is_sent(settings: Settings, sessions: Sessions, aws: AwsStub) -> None:
    await records.delete(sessions, "a")
    assert await send(settings, sessions) is None
    assert invocations(aws) == []


async def test_what_a_stage_says_is_raised(settings: Settings, sessions: Sessions, aws: AwsStub) -> None:
    with pytest.raises(Misconfigured, match="takes recent_transit_ratio, which preprocess"):
        await send(settings, sessions, FEATURES=("month",))
    aws.respond = lambda _: model_error(400)
    with pytest.raises(BackendRejected):
        await send(settings, sessions)
