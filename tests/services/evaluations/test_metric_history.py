"""The history of metrics: filters, thresholds, order and pages."""

import base64
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.core.errors import AppError, InvalidInput
from app.db.engine import Sessions
from app.schemas.evaluations.metric_history import HistoryRow, MetricSearch, Order
from app.services.evaluations import metric_history
from tests.support.use_case import TRANSIT

MOMENT = datetime(2026, 1, 3, tzinfo=UTC)


@pytest.fixture
async def sessions(sessions: Sessions) -> Sessions:
    """Ten finished runs of two versions, a day apart, `auc` undefined in every third; one is not done."""
    async with sessions.begin() as session:
        await session.execute(
            text("""
            with model as (insert into models (name) values ('m') returning id),
            versions as (
                insert into model_versions (model_id, version, backend, options, features)
                select id, v, 'sagemaker', '{}', '{}' from model, unnest(array['1', '2']) v
                returning id, version
            ),
            runs as (
                insert into evaluations (model_version_id, filter, state, finished_at)
                select v.id, '{}', case when day = 10 then 'running' else 'done' end,
                       timestamptz '2026-01-01 00:00+00' + make_interval(days => day)
                from generate_series(0, 10) day join versions v on v.version = (1 + day % 2)::text
                order by day
                returning id, finished_at
            )
            insert into evaluation_metrics (evaluation_id, metric, slice, bucket, value, reason, n)
            select id, metric, slice, '',
                   case when metric = 'auc' and d % 3 = 0 then null else (d * 7) % 10 / 10.0 end,
                   case when metric = 'auc' and d % 3 = 0 then 'one class' end, 50
            from (select id, extract(day from finished_at at time zone 'UTC')::int - 1 as d from runs) r
            cross join unnest(array['auc', 'mae']) metric
            cross join unnest(array['', 'origin=EWR']) slice
            """)
        )
    return sessions


async def walk(sessions: Sessions, search: MetricSearch, order: Order, size: int) -> list[HistoryRow]:
    found: list[HistoryRow] = []
    cursor = None
    while True:
        page = await metric_history.page(sessions, TRANSIT, search, order=order, limit=size, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("order", ["-finished_at", "finished_at", "value", "-value"])
@pytest.mark.parametrize("size", [1, 3, 100])
async def test_pages_hold_every_row_once_in_order(sessions: Sessions, order: Order, size: int) -> None:
    found = await walk(sessions, MetricSearch(), order, size)
    keys = [(row.evaluation_id, row.metric, row.slice) for row in found]
    assert len(keys) == len(set(keys)) == 40
    column = [row.value if order.endswith("value") else row.finished_at for row in found]
    defined = [one for one in column if one is not None]
    assert column == sorted(defined, reverse=order.startswith("-")) + [None] * (40 - len(defined))


async def test_undefined_matches_no_threshold(sessions: Sessions) -> None:
    auc = MetricSearch(metric="auc", slice="")
    every = await walk(sessions, auc, "value", 100)
    assert sum(row.value is None for row in every) == 4
    low = await walk(sessions, MetricSearch(metric="auc", slice="", at_most=0.5), "value", 100)
    high = await walk(sessions, MetricSearch(metric="auc", slice="", at_least=0.5), "value", 100)
    assert all(row.value is not None and row.value <= 0.5 for row in low)
    assert all(row.value is not None and row.value >= 0.5 for row in high)
    assert {row.evaluation_id for row in low} | {row.evaluation_id for row in high} == {
        row.evaluation_id for row in every if row.value is not None
    }


async def test_filters(sessions: Sessions) -> None:
    found = await walk(
        sessions, MetricSearch(model="m", version="2", metric="mae", slice="origin=EWR"), "value", 100
    )
    assert {row.version for row in found} == {"2"}
    assert len(found) == 5
    january = MetricSearch(
        finished_since=datetime(2026, 1, 3, tzinfo=UTC),
        finished_until=datetime(2026, 1, 5, tzinfo=UTC),
        slice="",
    )
    assert len(await walk(sessions, january, "finished_at", 100)) == 4
    assert await walk(sessions, MetricSearch(metric="rmse"), "value", 10) == []
    assert await walk(sessions, MetricSearch(bucket="2013-12"), "value", 10) == []


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (MetricSearch(model="other"), "There is no model 'other'; there is m."),
        (MetricSearch(model="m", version="3"), "The model 'm' has no version '3'; there is 1, 2."),
        (MetricSearch(version="3"), "No model has a version '3'; there is 1, 2."),
        (
            MetricSearch(metric="accu"),
            "metric: there is no 'accu'; there is auc, bias, mae, median_absolute_error",
        ),
        (MetricSearch(slice="origin=X"), "slice: there is no 'origin=X'; there is origin=EWR"),
        (MetricSearch(slice="a\0"), "U+0000"),
        (MetricSearch(bucket="a\0"), "U+0000"),
        (
            MetricSearch(
                finished_since=datetime(2026, 1, 3, tzinfo=UTC),
                finished_until=datetime(2026, 1, 3, tzinfo=UTC),
            ),
            "until",
        ),
    ],
)
async def test_a_search_for_what_there_is_not_says_what_there_is(
    sessions: Sessions, search: MetricSearch, message: str
) -> None:
    with pytest.raises(AppError) as caught:
        await metric_history.page(sessions, TRANSIT, search, order="value", limit=1, cursor=None)
    faults = [f"{fault.field}: {fault.message}" for fault in caught.value.errors]
    assert message in "; ".join([caught.value.detail, *faults])


async def test_as_csv(sessions: Sessions) -> None:
    (row, *_) = await walk(sessions, MetricSearch(metric="auc", slice=""), "finished_at", 100)
    header, line, *_ = metric_history.as_csv([row]).splitlines()
    cells = dict(zip(header.split(","), line.split(","), strict=True))
    assert (cells["metric"], cells["value"], cells["reason"], cells["n"]) == ("auc", "", "one class", "50")
    assert cells["finished_at"].startswith("2026-01-01T00:00:00")


@pytest.mark.parametrize(
    "inside",
    [
        "x",
        "[]",
        "null",
        '[NaN, "2026-01-01T00:00:00Z", [1, "", "", ""]]',
        '[1, "2026-01-01T00:00:00", [1, "", "", ""]]',
        '[1, "0001-01-01T00:00:00+05:30", [1, "", "", ""]]',
        '[1, "2026-01-01T00:00:00Z", [1, "\\u0000", "", ""]]',
        '[1, "2026-01-01T00:00:00Z", [1, "\\ud800", "", ""]]',
        '[1, "2026-01-01T00:00:00Z", [9223372036854775808, "", "", ""]]',
    ],
)
@pytest.mark.parametrize("encoded", [True, False])
async def test_a_cursor_that_is_none(sessions: Sessions, inside: str, encoded: bool) -> None:
    cursor = base64.b64encode(inside.encode()).decode() if encoded else inside
    with pytest.raises(InvalidInput):
        await metric_history.page(sessions, TRANSIT, MetricSearch(), order="value", limit=1, cursor=cursor)
