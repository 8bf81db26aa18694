"""Figures of metrics: gaps where values are undefined, intervals, and texts that are no markup."""

from datetime import UTC, datetime, timedelta
from typing import cast

from pydantic import JsonValue

from app.dashboard.charts import buckets, drift, groups, marks, runs
from app.dashboard.charts.marks import PlotTrace
from app.dashboard.charts.tables import Figure, drawn, table_of
from app.schemas.evaluations.metric_history import HistoryRow
from app.schemas.evaluations.runs import ComparedMetric, MetricValue
from app.schemas.evaluations.timeline import WindowKey
from app.schemas.judged import METRICS

HOSTILE = "<b>&\"'\u202e"
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
ONE, OTHER = WindowKey("2026-01-01", "", "at", "{}", ""), WindowKey("2026-02-01", "", "at", "{}", "")


def value(number: float | None, bucket: str = "", group: str = "", metric: str = "mae") -> MetricValue:
    low, high = (None, None) if number is None else (number - 1, number + 2)
    reason = "only one class" if number is None else None
    said = {"metric": metric, "slice": group, "bucket": bucket, "value": number, "reason": reason}
    return MetricValue.model_validate({**said, "low": low, "high": high, "n": 40, "small": False})


def traces(figure: Figure) -> list[PlotTrace]:
    return [cast(PlotTrace, one) for one in cast(list[JsonValue], figure["data"])]


def test_what_is_undefined_is_a_gap_with_its_reason() -> None:
    found = [value(5.0, "2026-01"), value(None, "2026-02"), value(6.0, "2026-03"), value(7.0, "2026-04")]
    figure = buckets.over_buckets({"version 1": found}, "mae")
    areas, line, gaps = traces(figure)[:2], traces(figure)[2], traces(figure)[3]
    assert line["y"] == [5.0, None, 6.0, 7.0]
    assert line["connectgaps"] is False
    assert [one["x"] for one in areas] == [["2026-01"] * 2, ["2026-03", "2026-04", "2026-04", "2026-03"]]
    assert gaps["x"] == ["2026-02"]
    assert "undefined: only one class" in str(gaps["hovertext"])
    rows = table_of(figure).rows
    assert rows[:2] == [["2026-01", [5.0, 4.0, 7.0]], ["2026-02", "undefined: only one class"]]
    assert "table" not in drawn(figure)


def test_series_without_a_bucket_have_nothing_in_its_row() -> None:
    figure = buckets.over_buckets({"a": [value(1.0, "1")], "b": [value(2.0, "2")]}, "mae")
    assert table_of(figure).rows == [["1", [1.0, 0.0, 3.0], None], ["2", None, [2.0, 1.0, 4.0]]]
    assert table_of(figure).head == ["bucket", "a", "b"]


def run_of(number: int, measured: float | None, kind: str = "quality") -> HistoryRow:
    about = {"evaluation_id": number, "kind": kind, "model": "m", "version": "1"}
    finished = FIRST + timedelta(weeks=number)
    return HistoryRow.model_validate(value(measured).model_dump() | about | {"finished_at": finished})


def test_only_runs_on_one_window_are_joined_as_such() -> None:
    found = [run_of(number, 1.0 * number) for number in range(4)]
    windows = {0: ONE, 1: ONE, 2: OTHER, 3: OTHER}
    solid, dotted, points = traces(runs.over_runs(found, windows, "mae", ["1"]))
    assert (solid["y"], dotted["y"]) == ([0.0, 1.0, None, 2.0, 3.0, None], [1.0, 2.0, None])
    assert cast(PlotTrace, dotted["line"])["dash"] == "dot"
    assert points["y"] == [0.0, 1.0, 2.0, 3.0]
    assert runs.has_dotted(found, windows)
    assert not runs.has_dotted(found[:2], windows)


def test_a_report_says_of_no_window_and_what_is_undefined_is_joined_with_nothing() -> None:
    windows = dict.fromkeys(range(3), ONE)
    reports = [run_of(0, 1.0, "report"), run_of(1, 2.0, "report")]
    assert cast(PlotTrace, traces(runs.over_runs(reports, windows, "mae", ["1"]))[0]["line"])["dash"] == "dot"
    gap = [run_of(0, 1.0), run_of(1, None), run_of(2, 3.0)]
    assert [one["mode"] for one in traces(runs.over_runs(gap, windows, "mae", ["1"]))] == ["markers"]


def test_runs_of_one_day_stand_one_after_the_other() -> None:
    found = [run_of(number, 1.0) for number in range(2)]
    later = [one.model_copy(update={"finished_at": FIRST}) for one in found]
    points = [traces(runs.over_runs(each, {0: ONE, 1: ONE}, "mae", ["1"]))[-1] for each in (found, later)]
    assert [one["x"] for one in points] == [
        ["2026-01-05T00:00:00.000Z", "2026-01-12T00:00:00.000Z"],
        ["run 0", "run 1"],
    ]


def test_groups_are_of_most_records_first_and_their_names_are_no_markup() -> None:
    found = [value(1.0, group=f"plan={HOSTILE}"), value(2.0, group="plan=a").model_copy(update={"n": 90})]
    figure = groups.dots({"version 1": found}, "mae", None)
    [dots] = traces(figure)
    assert dots["y"] == ["&lt;b&gt;&amp;\"'\u202e", "a"]
    assert "<b>&" not in str(dots["hovertext"])
    layout = cast(PlotTrace, figure["layout"])
    assert cast(PlotTrace, layout["yaxis"])["categoryarray"] == ["&lt;b&gt;&amp;\"'\u202e", "a"]  # from below
    assert [row[0] for row in table_of(figure).rows] == ["plan=a", f"plan={HOSTILE}"]


def test_a_scale_is_of_what_has_enough_records() -> None:
    few = value(100.0).model_copy(update={"small": True})
    found = groups.scale([value(1.0), value(2.0), few])
    assert found is not None
    assert found[0] < 0.0
    assert 4.0 < found[1] < 5.0
    assert groups.scale([value(None)]) is None


def test_differences_have_the_shape_of_their_verdict() -> None:
    about = {"metric": "mae", "bucket": "", "n": 40, "a": 1.0, "b": 2.0, "low": 0.5, "high": 1.5}
    found = [
        ComparedMetric.model_validate(
            {**about, "slice": f"plan={verdict}", "difference": 1.0, "verdict": verdict, "reason": None}
        )
        for verdict in ("better", "worse", "undecided")
    ]
    none = {"slice": "plan=none", "difference": None, "verdict": "undecided", "reason": "no rows"}
    found.append(ComparedMetric.model_validate({**about, **none, "low": None, "high": None}))
    figure = groups.differences(found, "mae", "2 less 1")
    assert cast(PlotTrace, traces(figure)[0]["marker"])["symbol"] == [
        *("circle", "x", "circle-open"),
        "circle-open",
    ]
    assert table_of(figure).rows[0] == ["better", [1.0, 0.5, 1.5], "better", 40]
    assert table_of(figure).rows[3] == ["none", "none: no rows", "undecided", 40]


def test_what_moved_most_is_on_top_and_the_thresholds_are_drawn() -> None:
    found = [value(0.05, group="feature=a"), value(0.3, group="feature=b"), value(None, group="prediction")]
    figure = drift.per_feature(found, "psi")
    assert [row[:1] + row[2:3] for row in map(list, table_of(figure).rows)] == [
        ["b", "much"],
        ["a", "little"],
        ["prediction", ""],
    ]
    assert len(cast(list[JsonValue], cast(PlotTrace, figure["layout"])["shapes"])) == 2
    assert cast(PlotTrace, drift.per_feature(found, "missing")["layout"])["shapes"] == []


def test_every_metric_is_told_with_its_direction() -> None:
    assert marks.titled("mae") == "mae (lower is better)"
    assert marks.titled("bias") == "bias (closer to zero is better)"
    assert marks.titled("psi") == "psi"
    without = {name for names in METRICS.values() for name in names if not marks.direction(name)}
    assert without == {"mean_prediction", "actual_rate"}
