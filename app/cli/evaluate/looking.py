"""``python -m app evaluate list`` and ``history``."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from app.cli.evaluate.columns import FOUND, RUN
from app.cli.evaluate.options import ModelOnly, VersionOnly
from app.cli.terminal import output
from app.cli.terminal.options import HowMany, moment
from app.cli.terminal.output import Column, FormatOption
from app.cli.terminal.texts import in_digits
from app.schemas.evaluations.metric_history import MetricSearch, Order
from app.schemas.evaluations.runs import EvaluationSearch, Kind, ListedEvaluation, State


def _headline(run: ListedEvaluation) -> str:
    return ", ".join(f"{one.metric} {in_digits([one.value])[0] or one.reason}" for one in run.headline)


def _since(run: ListedEvaluation) -> datetime | None:
    return run.request.since


def _until(run: ListedEvaluation) -> datetime | None:
    return run.request.until


LISTED = (
    *("id", "kind", "model", "version", "state"),
    *(Column("since", _since), Column("until", _until)),
    *("records", "failed", "finished_at", Column("headline", _headline)),
)


def list_runs(
    state: Annotated[State | None, typer.Option(help="Only those.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only of this kind.")] = None,
    model: ModelOnly = None,
    version: VersionOnly = None,
    limit: HowMany = 20,
    form: FormatOption = "table",
) -> None:
    """The runs, the newest first, each with its window and its headline metrics."""
    from app.cli.evaluate import work

    page = asyncio.run(work.page(EvaluationSearch(state, kind, model, version), limit))
    output.show(page.items, LISTED, form, below=("headline",))
    output.say_more(page.next_cursor, limit)


def history(
    kind: Annotated[Kind | None, typer.Option(help="Only of this kind.")] = None,
    model: ModelOnly = None,
    version: VersionOnly = None,
    metric: Annotated[str | None, typer.Option(help="Only this metric.")] = None,
    group: Annotated[str | None, typer.Option("--slice", help="name=value; empty for all records.")] = None,
    bucket: Annotated[str | None, typer.Option(help="As 2013-12; empty for the whole window.")] = None,
    finished_since: Annotated[str | None, typer.Option(help="Runs that finished then or later.")] = None,
    finished_until: Annotated[str | None, typer.Option(help="Runs that finished before.")] = None,
    at_least: Annotated[float | None, typer.Option(help="Only values from this one up.")] = None,
    at_most: Annotated[float | None, typer.Option(help="Only values up to this one.")] = None,
    sort: Annotated[Order, typer.Option(help="By what; with a - the greatest first.")] = "-finished_at",
    limit: HowMany = 100,
    form: FormatOption = "table",
) -> None:
    """Metrics of finished runs, undefined ones last."""
    from app.cli.evaluate import work

    times = moment("finished_since", finished_since), moment("finished_until", finished_until)
    wanted = MetricSearch(kind, model, version, metric, group, bucket, *times, at_least, at_most)
    page = asyncio.run(work.history(wanted, sort, limit))
    output.show(page.items, (*RUN, *FOUND), form, groups=RUN, below=("reason",))
    output.say_more(page.next_cursor, limit)
