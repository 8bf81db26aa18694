"""A comparison is about what both runs were asked for, or about less."""

from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import JsonValue

from app.core.errors import Conflict, InvalidInput
from app.core.settings import Settings
from app.services.evaluations import comparison
from app.services.runtime import Runtime, open_runtime
from app.services.use_case import UseCase
from tests.support.aws_stub import AwsStub
from tests.support.judged_orders import evaluate, store_judged_orders
from tests.support.orders import answer_ten_times, prepare
from tests.support.use_case import TRANSIT, changed

Asked = dict[str, JsonValue]
EVERY = set(TRANSIT.metrics)
GROUPS = {"", "carrier=AA", "carrier=UA", "origin=EWR"}


@pytest.fixture
async def runtime(settings: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    """A live model, and 30 orders with truths."""
    aws.respond = answer_ten_times
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
        await store_judged_orders(runtime.sessions)
        yield runtime


async def compared(
    runtime: Runtime,
    first: Asked,
    second: Asked,
    metrics: Sequence[str] = (),
    slices: Sequence[str] = (),
    use_case: UseCase = TRANSIT,
) -> tuple[set[str], set[str]]:
    """The metrics and the groups that the comparison of two such runs is about."""
    a, b = [(await evaluate(runtime, None, **asked)).id for asked in (first, second)]
    found = await comparison.compare(runtime.sessions, use_case, a, b, metrics=metrics, slices=slices)
    pairs = {(one.metric, one.slice) for one in found.metrics}
    assert len(pairs) == len(found.metrics)
    names, groups = {name for name, _ in pairs}, {group for _, group in pairs}
    assert len(pairs) == len(names) * len(groups)
    return names, groups


@pytest.mark.parametrize(
    ("first", "second", "names", "groups"),
    [
        ({}, {}, EVERY, GROUPS),
        ({"metrics": ["mae", "r2"]}, {}, {"mae", "r2"}, GROUPS),
        ({}, {"metrics": ["mae", "r2"]}, {"mae", "r2"}, GROUPS),
        ({"metrics": ["mae", "r2"]}, {"metrics": ["bias", "mae"]}, {"mae"}, GROUPS),
        ({"slices": ["origin"]}, {}, EVERY, {"", "origin=EWR"}),
        ({}, {"slices": ["origin"]}, EVERY, {"", "origin=EWR"}),
        ({"slices": ["origin"]}, {"slices": ["carrier"]}, EVERY, {""}),
        ({"slices": []}, {}, EVERY, {""}),
        ({}, {"slices": []}, EVERY, {""}),
    ],
)
async def test_it_is_about_what_both_were_asked_for(
    runtime: Runtime, first: Asked, second: Asked, names: set[str], groups: set[str]
) -> None:
    assert await compared(runtime, first, second) == (names, groups)


@pytest.mark.parametrize(
    ("metrics", "slices", "names", "groups"),
    [
        (["mae"], [], {"mae"}, GROUPS),
        (["mae", "mae"], ["carrier"], {"mae"}, {"", "carrier=AA", "carrier=UA"}),
        ([], ["carrier=AA", "origin"], EVERY, {"", "carrier=AA", "origin=EWR"}),
    ],
)
async def test_it_is_narrowed(
    runtime: Runtime, metrics: list[str], slices: list[str], names: set[str], groups: set[str]
) -> None:
    assert await compared(runtime, {}, {}, metrics, slices) == (names, groups)


async def test_what_evaluation_py_does_not_list_is_compared_where_both_were_asked_for_it(
    runtime: Runtime,
) -> None:
    asked: Asked = {"metrics": ["mae", "r2"], "slices": []}
    assert await compared(runtime, asked, asked, use_case=changed(METRICS=("bias",))) == ({"mae", "r2"}, {""})


@pytest.mark.parametrize(
    ("metrics", "slices", "said"),
    [
        (["r2"], [], "there is no 'r2'; there is mae"),
        ([], ["origin"], "there is no 'origin'; there is carrier, carrier=AA, carrier=UA"),
        ([], ["origin=EWR"], "there is no 'origin=EWR'; there is carrier, carrier=AA, carrier=UA"),
        ([], ["carrier=XX"], "there is no 'carrier=XX'; there is carrier, carrier=AA, carrier=UA"),
        ([], ["car"], "there is no 'car'; there is carrier, carrier=AA, carrier=UA"),
    ],
)
async def test_what_they_do_not_have_in_common_is_named(
    runtime: Runtime, metrics: list[str], slices: list[str], said: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await compared(runtime, {"metrics": ["mae"]}, {"slices": ["carrier"]}, metrics, slices)
    assert [one.message for one in caught.value.errors] == [said]


async def test_runs_without_a_common_metric_are_not_compared(runtime: Runtime) -> None:
    with pytest.raises(Conflict, match=r"The evaluations \d+ and \d+ have no metric in common\."):
        await compared(runtime, {"metrics": ["mae"]}, {"metrics": ["r2"]})


async def test_a_metric_of_another_task_is_not_compared(runtime: Runtime) -> None:
    asked: Asked = {"metrics": ["mae"]}
    with pytest.raises(Conflict):
        await compared(
            runtime, asked, asked, use_case=changed(TASK="binary", METRICS=("recall",), POSITIVE=1)
        )


async def test_the_whole_alone_is_what_it_is_among_the_groups(runtime: Runtime) -> None:
    a, b = [(await evaluate(runtime, None, bucket="month")).id for _ in range(2)]
    every = await comparison.compare(runtime.sessions, TRANSIT, a, b)
    whole = await comparison.compare(runtime.sessions, TRANSIT, a, b, whole=True)
    assert {one.bucket for one in every.metrics} == {"", "2013-01", "2013-02"}
    assert whole.metrics == [one for one in every.metrics if (one.slice, one.bucket) == ("", "")]
