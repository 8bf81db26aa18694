"""The figures of one record."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from pydantic import JsonValue

from app.dashboard.charts import record as record_charts
from app.dashboard.charts.stages import one_after_another
from app.dashboard.charts.tables import table_of
from app.schemas.judged import TruthValue
from app.schemas.predictions.explanations import Explanation
from app.schemas.predictions.predictions import LoggedPrediction
from app.services.browsing.against_truth import AgainstTruth
from app.services.browsing.choices import VersionOptions
from app.services.browsing.predicting import TimedStage
from app.services.browsing.records import SeenPrediction, SeenRecord

AT = datetime(2024, 2, 29, 15, 30, tzinfo=UTC)


def predicted(version: str, value: TruthValue | None, hour: int) -> SeenPrediction:
    logged = LoggedPrediction.model_validate(
        dict.fromkeys(LoggedPrediction.model_fields)
        | dict.fromkeys(("record_id", "content_hash", "revision", "pipeline_version"), "")
        | {"id": 1, "latency_ms": 1.0, "model": "m", "version": version}
        | {"computed_at": AT.replace(hour=hour)}
    )
    return SeenPrediction(logged, AgainstTruth(value), None, has_expired=False)


def seen(*predictions: SeenPrediction, truth: TruthValue | None = None) -> SeenRecord:
    newest_first = predictions[::-1]
    return SeenRecord(
        "r", None, truth, (), newest_first, None, VersionOptions((), None, has_more=False, own_models=False)
    )


def explanation(contributions: dict[str, float | list[float]]) -> Explanation:
    return Explanation(
        explainer="e", base_value=0.0, contributions=contributions, explains=1.0, computed_at=AT
    )


def test_each_version_has_a_line_and_the_truth_another() -> None:
    figure = record_charts.through_time(
        seen(predicted("1", 10.0, 12), predicted("2", 12.0, 13), predicted("1", 11.0, 14), truth=11.5)
    )
    assert figure is not None
    table = table_of(figure)
    assert [*table.head] == ["computed at", "m 1", "m 2", "truth"]
    assert [[*row] for row in table.rows] == [
        ["2024-02-29T12:30:00.000Z", 10.0, None, 11.5],
        ["2024-02-29T14:30:00.000Z", 11.0, None, 11.5],
        ["2024-02-29T13:30:00.000Z", None, 12.0, 11.5],
    ]


def test_what_is_one_point_or_cannot_be_judged_is_no_figure() -> None:
    assert record_charts.through_time(seen(predicted("1", 10.0, 12))) is None
    assert record_charts.through_time(seen(predicted("1", None, 12), predicted("1", None, 13))) is None


def test_a_class_has_no_line_of_truth() -> None:
    figure = record_charts.through_time(
        seen(predicted("1", "late", 12), predicted("1", "early", 13), truth="late")
    )
    assert figure is not None
    assert [*table_of(figure).head] == ["computed at", "m 1"]


def test_the_largest_contributions_come_first() -> None:
    figure = record_charts.contributions(explanation({"a": 0.5, "b": -2.0, "c": 1.0}))
    assert figure is not None
    assert [[*row] for row in table_of(figure).rows] == [["b", -2.0], ["c", 1.0], ["a", 0.5]]
    assert record_charts.contributions(explanation({"a": [0.5, 0.1]})) is None


def test_stages_follow_each_other() -> None:
    stages = [
        TimedStage("lookup", 0.0, 0.002),
        TimedStage("wait", 0.002, 0.1),
        TimedStage("wait", 0.102, 0.2),
    ]
    figure = one_after_another(stages)
    assert figure is not None
    [bars] = cast(Sequence[dict[str, JsonValue]], figure["data"])
    assert (bars["base"], bars["x"]) == ([0.0, 2.0, 102.0], [2.0, 100.0, 200.0])
    assert bars["y"] == ["lookup", "wait", "wait 2"]
    assert one_after_another([]) is None
