"""The columns of the model behind an H2O scorer: when they are looked at, and what differs."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from app.backends.base import Backend, Reply
from app.backends.h2o import backend as h2o
from app.core.errors import BackendDown, BackendError, BackendRefused, BadOutput, InvalidInput
from tests.support.eventually import TIMEOUT, until
from tests.support.h2o import FEATURES, FITTING, Scorer, h2o_scorer
from tests.support.http_stub import Answer, reply
from tests.support.looks import revision_of


@pytest.fixture
def scorer() -> Iterator[Scorer]:
    with h2o_scorer() as scorer:
        yield scorer


@pytest.fixture
async def backend(scorer: Scorer) -> AsyncIterator[Backend]:
    opened = scorer.open()
    yield opened
    await opened.aclose()


@pytest.mark.parametrize("status", [404, 501])
async def test_a_scorer_that_names_no_columns_gets_the_rows_as_they_are(
    scorer: Scorer, backend: Backend, status: int
) -> None:
    scorer.schema = Answer(status)
    for _ in range(2):
        assert (await backend.predict([["0.1", 2.5, "u", True]], TIMEOUT)).outputs == [1.5]
    sent = {"fields": list(FEATURES), "rows": [["0.1", "2.5", "u", "true"]]}
    assert scorer.bodies == [sent, sent]
    assert scorer.looks == 1
    assert await revision_of(backend) == "m1"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (Answer(500), BackendDown),
        (Answer(503), BackendDown),
        (Answer(reset=True), BackendDown),
        (Answer(401), BackendRefused),
        (Answer(403), BackendRefused),
        (Answer(400), BackendRefused),
        (Answer(body=b"<html>", headers={"Content-Type": "text/html"}), BadOutput),
        (reply({}), BadOutput),
        (reply({"schema": None}), BadOutput),
        (reply({"schema": {"inputFields": [7]}}), BadOutput),
    ],
)
async def test_nothing_is_sent_unchecked_while_the_columns_cannot_be_seen(
    scorer: Scorer, backend: Backend, schema: Answer, expected: type[BackendError]
) -> None:
    scorer.schema = schema
    for ask in (lambda: backend.predict([FITTING], TIMEOUT), backend.look):
        with pytest.raises(BackendError) as caught:
            await ask()
        assert type(caught.value) is expected
    assert not scorer.bodies
    scorer.schema = None
    (error,) = (await backend.predict([["?", 2, "u", True]], TIMEOUT)).outputs
    assert isinstance(error, InvalidInput)


async def test_the_columns_are_looked_up_once(scorer: Scorer, backend: Backend) -> None:
    for _ in range(3):
        await backend.predict([FITTING], TIMEOUT)
    assert scorer.looks == 1
    assert await revision_of(backend) == "m1"
    await backend.predict([FITTING], TIMEOUT)
    assert scorer.looks == 2


async def test_another_model_with_the_same_columns_is_only_looked_at(
    scorer: Scorer, backend: Backend
) -> None:
    await backend.predict([FITTING], TIMEOUT)
    scorer.replace()
    for _ in range(2):
        assert await backend.predict([FITTING], TIMEOUT) == Reply([1.5], "m2")
    assert len(scorer.bodies) == 3
    assert scorer.looks == 2


@pytest.mark.parametrize("known", [True, False])
async def test_rows_that_were_held_against_a_replaced_models_columns_are_held_against_the_new_ones(
    scorer: Scorer, backend: Backend, known: bool
) -> None:
    if known:
        await backend.predict([FITTING], TIMEOUT)
        scorer.replace(text="Float64")
    scorer.during_score = lambda: scorer.replace(text="Float64")
    with pytest.raises(BackendDown) as caught:  # of the new model's guess about a text that it cannot read
        await backend.predict([FITTING], TIMEOUT)
    assert caught.value.retryable
    error, output = (await backend.predict([FITTING, [0.1, 2, 7, True]], TIMEOUT)).outputs
    assert isinstance(error, InvalidInput)
    assert output == 1.5


async def test_a_model_that_names_its_columns_may_replace_one_that_did_not(
    scorer: Scorer, backend: Backend
) -> None:
    scorer.schema = Answer(404)
    assert await backend.predict([["?", 2, "u", True]], TIMEOUT) == Reply([1.5], "m1")
    scorer.replace()
    scorer.schema = None
    with pytest.raises(BackendDown):
        await backend.predict([["?", 2, "u", True]], TIMEOUT)
    (error,) = (await backend.predict([["?", 2, "u", True]], TIMEOUT)).outputs
    assert isinstance(error, InvalidInput)


async def test_a_replica_that_still_has_the_old_model_says_nothing_of_the_new_one(
    scorer: Scorer, backend: Backend
) -> None:
    await backend.predict([FITTING], TIMEOUT)
    scorer.schema = scorer.its_schema()
    scorer.replace(text="Float64")
    with pytest.raises(BackendDown):
        await backend.predict([FITTING], TIMEOUT)
    scorer.schema = None
    with pytest.raises(BackendDown):  # the old columns are the last that were seen
        await backend.predict([FITTING], TIMEOUT)
    (error,) = (await backend.predict([FITTING], TIMEOUT)).outputs
    assert isinstance(error, InvalidInput)


async def test_a_schema_that_names_no_model_is_that_of_the_id(scorer: Scorer, backend: Backend) -> None:
    scorer.model = None
    scorer.schema = scorer.its_schema()
    scorer.model = "m1"
    assert await revision_of(backend) == "m1"
    scorer.replace(text="Float64")
    scorer.model = None
    scorer.schema = scorer.its_schema()
    scorer.model = "m2"
    with pytest.raises(BackendDown):
        await backend.predict([FITTING], TIMEOUT)


async def test_a_replacement_that_cannot_be_seen_yet_is_an_outage(scorer: Scorer, backend: Backend) -> None:
    await backend.predict([FITTING], TIMEOUT)
    scorer.replace()
    scorer.schema = Answer(500)
    for _ in range(2):
        with pytest.raises(BackendDown):
            await backend.predict([FITTING], TIMEOUT)
    assert len(scorer.bodies) == 2  # the second of these was not even sent
    scorer.schema = None
    assert await backend.predict([FITTING], TIMEOUT) == Reply([1.5], "m2")


async def test_features_that_are_no_columns_are_named_to_who_registers_and_to_who_operates(
    scorer: Scorer, backend: Backend
) -> None:
    await backend.predict([FITTING], TIMEOUT)
    scorer.replace(mood="Str")
    del scorer.columns["flag"]
    named = "mood: the model needs it; flag: the model has no such column."
    for _ in range(2):
        with pytest.raises(BackendRefused) as refused:
            await backend.predict([FITTING], TIMEOUT)
        assert named in refused.value.detail
    assert len(scorer.bodies) == 2
    with pytest.raises(InvalidInput) as invalid:
        await revision_of(backend)
    assert named in invalid.value.detail
    faults = [(fault.field, fault.message) for fault in invalid.value.errors]
    assert faults == [
        ("features.mood", "the model needs it"),
        ("features.flag", "the model has no such column"),
    ]


async def test_what_a_look_finds_wrong_stops_the_calls(scorer: Scorer, backend: Backend) -> None:
    await backend.predict([FITTING], TIMEOUT)
    scorer.replace(mood="Str")
    with pytest.raises(InvalidInput):
        await revision_of(backend)
    with pytest.raises(BackendRefused):
        await backend.predict([FITTING], TIMEOUT)
    assert len(scorer.bodies) == 1


async def test_a_wide_models_columns_do_not_fill_the_error(scorer: Scorer, backend: Backend) -> None:
    scorer.replace(**{f"c{n}": "Str" for n in range(500)})
    with pytest.raises(InvalidInput) as caught:
        await revision_of(backend)
    assert len(caught.value.errors) == 100
    assert len(caught.value.detail) < 500


async def test_a_look_waits_for_no_prediction(scorer: Scorer) -> None:
    backend, go_on = scorer.open(concurrency=1), threading.Event()
    await backend.predict([FITTING], TIMEOUT)
    scorer.during_score = lambda: go_on.wait(TIMEOUT)
    call = asyncio.create_task(backend.predict([FITTING], TIMEOUT))
    await until(lambda: len(scorer.bodies) == 2)
    assert await asyncio.wait_for(revision_of(backend), TIMEOUT) == "m1"
    assert not call.done()
    go_on.set()
    assert (await call).outputs == [1.5]
    await backend.aclose()


async def test_the_look_takes_its_time_from_the_calls(
    scorer: Scorer, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer.schema = Answer(wait=threading.Event())
    with pytest.raises(BackendDown, match=r"within 0\.2 s"):  # another try is free
        await backend.predict([FITTING], 0.2)
    monkeypatch.setattr(h2o, "LOOK_TIMEOUT", 0.1)
    with pytest.raises(BackendDown, match=r"within 0\.1 s"):
        await backend.predict([FITTING], TIMEOUT)


async def test_a_closed_backend_looks_at_nothing(scorer: Scorer, backend: Backend) -> None:
    await backend.aclose()
    with pytest.raises(BackendDown):
        await revision_of(backend)
    assert not scorer.stub.requests
