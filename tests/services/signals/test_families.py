"""The page on metrics names what is told, and nothing else."""

from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import Metric

from app.core.signals import AnsweredKey, CallKey, CallTotals, Histogram, RequestKey
from app.core.signals.totals import Totals
from app.db.evaluations.newest import NewestMetric
from app.db.queue.depth import TasksOfKind
from app.services.signals.database import DatabaseSignals
from app.services.signals.families import OF_GAUGES, PREFIX, families

PAGE = (Path(__file__).parents[3] / "docs" / "operating.md").read_text()


def everything(version: str = "1") -> Totals:
    """One of all there is."""
    totals = Totals()
    totals.answers[AnsweredKey("m", version, "request", "hit", "")] = Histogram()
    totals.calls[CallKey("m", version, "ok")] = CallTotals()
    totals.requests[RequestKey("/predict/{record_id}", "POST", "2xx")] = Histogram()
    totals.gauges |= {(name, ("m", version)[: len(labels)]): 1.0 for name, (_, labels) in OF_GAUGES.items()}
    return totals


def of_a_database(*versions: str) -> DatabaseSignals:
    return DatabaseSignals(
        is_up=True,
        depths=[TasksOfKind("evaluate", 1, 2, 3, 4.5)],
        workers=2,
        metrics=[NewestMetric("m", "1", datetime(2026, 1, 1, tzinfo=UTC), "mae", 1.5)],
        versions=frozenset(("m", version) for version in versions),
    )


def table() -> str:
    """A row for each metric, in the order in which they are told."""
    found = families(everything(), of_a_database("1"), code="c")
    lines = [("metric", "kind", "labels", "meaning"), ("---",) * 4, *map(row, found)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def row(family: Metric) -> tuple[str, ...]:
    end = {"counter": "_total", "info": "_info"}.get(family.type, "")
    labels = dict.fromkeys(name for sample in family.samples for name in sample.labels if name != "le")
    named = ", ".join(f"`{one}`" for one in labels)
    return f"`{family.name.removeprefix(PREFIX)}{end}`", family.type, named, family.documentation


def test_the_table_is_that_of_what_is_told() -> None:
    assert table() in PAGE, table()


def test_nothing_is_told_of_a_version_that_is_gone() -> None:
    found = list(families(everything("gone"), of_a_database("1"), code="c"))
    assert [one for family in found for one in family.samples if one.labels.get("version") == "gone"] == []


def test_while_nobody_can_say_what_there_is_all_is_told() -> None:
    found = list(families(everything("gone"), DatabaseSignals(), code="c"))
    assert len([one for family in found for one in family.samples if one.labels.get("version") == "gone"]) > 4
    assert [one.value for family in found for one in family.samples if family.name.endswith("_up")] == [0.0]
