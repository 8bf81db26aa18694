"""What the overview's charts draw."""

from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from app.dashboard.charts import overview
from app.dashboard.charts.tables import Figure, table_of
from app.schemas.overview.overview import AnswerCounts, CauseCount, LatencyPercentiles, OverviewStep

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
NONE = LatencyPercentiles(count=0, p50=None, p95=None, p99=None)


def step(hour: int, *, hit: int = 0, miss: int = 0, errors: dict[str, int] | None = None) -> OverviewStep:
    causes = [CauseCount(cause=cause, answers=answers) for cause, answers in (errors or {}).items()]
    error = sum(one.answers for one in causes)
    return OverviewStep(
        at=BEGUN + timedelta(hours=hour),
        answers=AnswerCounts(hit=hit, miss=miss, coalesced=0, stale=0, error=error),
        hit_latency=LatencyPercentiles(count=hit, p50=1.5, p95=2.5, p99=3.5) if hit else NONE,
        miss_latency=NONE,
        errors=causes,
    )


def test_an_outcome_that_never_came_has_no_bars() -> None:
    table = table_of(overview.answers([step(0, hit=3), step(1, miss=2, errors={"timeout": 1})]))
    assert table.head == ["", "hit", "miss", "error"]
    assert [row[1:] for row in table.rows] == [[3, 0, 0], [0, 2, 1]]


def test_a_step_without_answers_is_a_gap_and_a_line_without_numbers_is_none() -> None:
    table = table_of(overview.latency([step(0, hit=3), step(1)]))
    assert table.head == ["", "hit p50", "hit p95", "hit p99"]
    assert [row[1:] for row in table.rows] == [[1.5, 2.5, 3.5], [None, None, None]]


def test_causes_beyond_the_most_frequent_are_one() -> None:
    many = {f"cause-{number}": 10 - number for number in range(8)}
    table = table_of(overview.errors([step(0, errors=many), step(1)], [*many]))
    assert table.head == ["", *(f"cause-{number}" for number in range(5)), "others"]
    assert [row[1:] for row in table.rows] == [[10, 9, 8, 7, 6, 5 + 4 + 3], [0] * 6]


def test_charts_of_one_window_have_one_axis() -> None:
    steps = [step(hour, hit=hour % 2) for hour in range(24)]
    ranges = [_range(chart) for chart in (overview.answers(steps), overview.latency(steps))]
    assert ranges == [["2025-12-31T23:30:00.000Z", "2026-01-01T23:30:00.000Z"]] * 2


def _range(figure: Figure) -> JsonValue:
    layout = figure["layout"]
    assert isinstance(layout, dict)
    axis = layout["xaxis"]
    assert isinstance(axis, dict)
    return axis["range"]
