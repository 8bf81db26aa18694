"""One record with all that is known of it."""

from dataclasses import replace

import pytest

from app.core.errors import NotFound
from app.schemas.models import NewVersion
from app.services.access.keys import NewKey
from app.services.browsing import records as browsing
from app.services.explanations.explaining import Explaining
from app.services.models import versions
from app.services.predictions.predictor import Ask
from app.services.records import labels, records
from app.services.runtime import Runtime
from tests.support.callers import asked_by, caller_with
from tests.support.clarify import OPTIONS
from tests.support.orders import FEATURES, order
from tests.support.use_case import TRANSIT

ASK = Ask(model="transit")


async def test_a_record_that_was_never_predicted_has_its_present_content(runtime: Runtime) -> None:
    seen = await browsing.about(runtime.predictor, "a")
    assert seen.record is not None
    [content] = seen.contents
    assert (content.content_hash, content.predictions, content.is_present) == (
        seen.record.content_hash,
        0,
        True,
    )
    assert (seen.predictions, seen.truth, seen.next_cursor) == ([], None, None)


async def test_predictions_stand_beside_the_truth_newest_first(runtime: Runtime) -> None:
    await runtime.predictor.predict("a", ASK)
    await records.put(runtime.sessions, TRANSIT, "a", order(2.0))
    await runtime.predictor.predict("a", ASK)
    await runtime.predictor.predict("a", replace(ASK, refresh=True))
    await labels.put_label(runtime.sessions, TRANSIT, "a", 17.0)
    seen = await browsing.about(runtime.predictor, "a")
    assert seen.truth == 17.0
    assert [(one.logged.prediction, one.against_truth.error) for one in seen.predictions] == [
        (20.0, 3.0),
        (20.0, 3.0),
        (15.0, -2.0),
    ]
    assert [one.logged.superseded_at is None for one in seen.predictions] == [True, False, True]
    assert [(one.predictions, one.is_present) for one in seen.contents] == [(2, True), (1, False)]


async def test_it_goes_on_from_page_to_page(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "PREDICTIONS", 2)
    ids = [
        (await runtime.predictor.predict("a", replace(ASK, refresh=True))).id,
        (await runtime.predictor.predict("a", replace(ASK, refresh=True))).id,
        (await runtime.predictor.predict("a", replace(ASK, refresh=True))).id,
    ]
    first = await browsing.about(runtime.predictor, "a")
    rest = await browsing.about(runtime.predictor, "a", cursor=first.next_cursor)
    assert [one.logged.id for one in (*first.predictions, *rest.predictions)] == ids[::-1]
    assert rest.next_cursor is None


async def test_a_stored_explanation_is_there(runtime: Runtime) -> None:
    new = NewVersion(version="2", backend="sagemaker", options=OPTIONS, features=[*FEATURES], promote=True)
    await versions.register(runtime.sessions, TRANSIT, runtime.inference, "transit", new)
    found = await Explaining(runtime.predictor).predict("a", ASK)
    [seen] = (await browsing.about(runtime.predictor, "a")).predictions
    assert seen.explanation == found.explanation


async def test_what_was_deleted_is_still_on_the_books(runtime: Runtime) -> None:
    await runtime.predictor.predict("a", ASK)
    await records.delete(runtime.sessions, "a")
    seen = await browsing.about(runtime.predictor, "a")
    assert seen.record is None
    assert [one.is_present for one in seen.contents] == [False]
    assert len(seen.predictions) == 1
    with pytest.raises(NotFound):
        await browsing.about(runtime.predictor, "b")


async def test_what_is_anothers_is_not_there(runtime: Runtime) -> None:
    await runtime.predictor.predict("a", ASK)
    prefix = await caller_with(runtime.database, NewKey("prefix", ["read"], record_prefix="b"))
    with asked_by(prefix), pytest.raises(NotFound):
        await browsing.about(runtime.predictor, "a")
    model = await caller_with(runtime.database, NewKey("model", ["read"], models=["other"]))
    with asked_by(model):
        seen = await browsing.about(runtime.predictor, "a")
        assert seen.predictions == []
        assert [one.predictions for one in seen.contents] == [0]
