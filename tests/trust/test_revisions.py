"""What answered: swaps, splits and roll-outs on the platform, each as an example of its kind."""

import asyncio

import pytest

from app.schemas.evaluations.runs import EvaluationRequest
from app.services.evaluations import runs
from app.services.evaluations.evaluator import Evaluator
from app.services.predictions import history
from app.services.predictions.history import PredictionSearch
from app.services.records import labels
from tests.support.eventually import until
from tests.trust.conftest import Service
from tests.trust.platform import Platform, Style

SILENT: list[Style] = ["silent", "variant"]


def by(answer: object) -> str:
    """The revision that made an answer."""
    prediction = getattr(answer, "prediction", None)
    assert isinstance(prediction, dict)
    return str(prediction["by"])


@pytest.mark.parametrize("style", SILENT)
async def test_what_a_roll_out_made_before_it_was_seen_is_nobodys(
    service: Service, platform: Platform, style: Style
) -> None:
    platform.style = style
    await service.look()
    platform.change(["B"])
    assert by(await service.predict("r1")) == "B"
    await service.look()
    platform.change(["A"])
    await service.look()
    answer = await service.predict("r1")
    assert (answer.cache, by(answer), answer.revision) == ("MISS", "A", "A")


async def test_what_was_computed_between_two_looks_that_differ_has_a_label_of_its_own(
    service: Service, platform: Platform
) -> None:
    first = await service.predict("r1")
    assert first.revision == "A"
    platform.change(["B"])
    await service.look()
    logged = await history.get(service.database.transactions, first.id)
    assert logged.revision.startswith("pending:")
    assert logged.superseded_at is not None


async def test_what_a_look_has_confirmed_is_a_hit_again_after_a_roll_back(
    service: Service, platform: Platform
) -> None:
    first = await service.predict("r1")
    await service.look()
    platform.change(["B"])
    await service.look()
    assert (await service.predict("r1")).cache == "MISS"
    platform.change(["A"])
    await service.look()
    again = await service.predict("r1")
    assert (again.cache, again.id) == ("HIT", first.id)


async def test_a_roll_back_between_two_looks_is_seen_by_the_time_of_the_change(
    service: Service, platform: Platform
) -> None:
    platform.change(["B"])
    assert by(await service.predict("r1")) == "B"
    platform.change(["A"])
    await service.look()
    assert (await service.predict("r1")).cache == "MISS"


async def test_scaling_costs_nothing(service: Service, platform: Platform) -> None:
    await service.predict("r1")
    platform.instances, platform.touched = 5, 99
    await service.look()
    assert (await service.predict("r1")).cache == "HIT"


@pytest.mark.parametrize("style", SILENT)
async def test_while_a_change_is_under_way_old_answers_stand_and_new_ones_are_not_kept(
    service: Service, platform: Platform, style: Style
) -> None:
    platform.style = style
    await service.look()
    await service.predict("r1")
    await service.look()
    platform.change(["A", "B"], pending=True)
    await service.look()
    assert (await service.predict("r1")).cache == "HIT"
    new = [await service.predict("r2") for _ in range(2)]
    assert [answer.cache for answer in new] == ["MISS", "MISS"]
    assert all(answer.revision.startswith("pending:") for answer in new)
    platform.change(["A"])
    await service.look()
    assert (await service.predict("r1")).cache == "HIT"
    assert (await service.predict("r2")).cache == "MISS"


async def test_waiters_in_another_process_share_an_answer_of_nobody(
    service: Service, platform: Platform
) -> None:
    platform.change(["A", "B"], pending=True)
    await service.look()
    platform.gate.clear()
    leading = asyncio.create_task(service.predict("r1", at=0))
    await until(lambda: platform.held == 1)
    waiting = asyncio.create_task(service.predict("r1", at=1))
    await asyncio.sleep(0.3)
    platform.gate.set()
    answers = [await leading, await waiting]
    assert [answer.cache for answer in answers] == ["MISS", "COALESCED"]
    assert len(platform.calls) == 1


async def test_a_call_that_a_look_overtakes_is_nobodys(service: Service, platform: Platform) -> None:
    platform.gate.clear()
    call = asyncio.create_task(service.predict("r1"))
    await until(lambda: platform.held == 1)
    platform.change(["B"])
    await service.look()
    platform.gate.set()
    assert (await call).revision.startswith("pending:")


@pytest.mark.parametrize("style", ["variant", "told"])
async def test_a_split_costs_one_call_a_record(service: Service, platform: Platform, style: Style) -> None:
    platform.style = style
    platform.change(["A", "B"])
    await service.look()
    for record in [f"n{number}" for number in range(10)]:
        await service.write(record, 100 + int(record[1:]))
        first = await service.predict(record)
        again = [await service.predict(record) for _ in range(3)]
        assert {answer.id for answer in again} == {first.id}
        assert first.revision == by(first)
        await service.look()
    assert len(platform.calls) == 10


async def test_a_split_of_which_replies_say_nothing_is_nobodys(service: Service, platform: Platform) -> None:
    platform.change(["A", "B"])
    await service.look()
    assert [(await service.predict("r1")).cache for _ in range(2)] == ["MISS", "MISS"]


async def test_a_reply_that_tells_what_is_not_noted_asks_for_a_look(
    service: Service, platform: Platform
) -> None:
    platform.style = "told"
    await service.predict("r1")
    platform.change(["B"])
    await service.write("r3", 3)
    assert (await service.predict("r3")).revision == "B"
    await service.settle()
    assert (await service.predict("r3")).cache == "HIT"
    assert by(await service.predict("r1")) == "B"


async def test_the_history_keeps_the_variant(service: Service, platform: Platform) -> None:
    platform.style = "variant"
    await service.look()
    answer = await service.predict("r1")
    page = await history.page(service.database.transactions, PredictionSearch(), limit=1, cursor=None)
    assert [(item.id, item.variant) for item in page.items] == [(answer.id, "variant-A")]


async def test_an_evaluation_of_mixed_answers_says_so(service: Service, platform: Platform) -> None:
    platform.style = "told"
    platform.change(["A", "B"])
    await service.look()
    runtime = service.processes[0].runtime
    for number in range(4):
        await service.write(f"e{number}", 50 + number)
        await labels.put_label(runtime.sessions, runtime.use_case, f"e{number}", 60.0)
        await service.predict(f"e{number}")
    request = EvaluationRequest(model="m", metrics=["mae"], slices=[])
    asked = await runs.ask(runtime.sessions, runtime.use_case, request, default_model=None)
    await Evaluator(runtime).run(asked.id)
    run = await runs.get(runtime.sessions, asked.id)
    assert {one.revision: one.records for one in run.answered_by} == {"A": 2, "B": 2}
    assert {(one.slice, one.n) for one in run.metrics} == {
        ("", 4),
        ("answered_by=A", 2),
        ("answered_by=B", 2),
    }


async def test_an_artifact_replaced_in_place_leaves_nobody_sure_until_it_is_deployed(
    service: Service, platform: Platform
) -> None:
    first = await service.predict("r1")
    await service.look()
    platform.unclear = True  # its artifact is younger than its deployment, and still the one that was noted
    await service.look()
    assert (await service.predict("r1")).id == first.id
    platform.serving = ["A2"]
    await service.look()
    assert (await service.predict("r1")).revision.startswith("pending:")
    await service.look()
    assert (await service.predict("r1")).revision.startswith("pending:")
    platform.unclear = False
    platform.change(["A2"])
    await service.look()
    answers = [await service.predict("r1") for _ in range(2)]
    assert [(answer.cache, answer.revision) for answer in answers] == [("MISS", "A2"), ("HIT", "A2")]


async def test_what_explains_a_change_explains_it_once(service: Service, platform: Platform) -> None:
    """Scaling that a look has seen, in whose time nothing was predicted, excuses no roll-out after it."""
    platform.instances, platform.touched = 5, 99
    await service.look()
    platform.change(["B"])
    assert by(await service.predict("r1")) == "B"
    platform.change(["A"])
    await service.look()
    assert (await service.predict("r1")).cache == "MISS"
