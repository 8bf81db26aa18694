"""``python -m app evaluate``."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import JsonValue, TypeAdapter, ValidationError

from app.cli import reports
from app.cli.database import open_sessions, use_case
from app.cli.terminal import output, progress, stages
from app.cli.terminal.hints import this_program
from app.cli.terminal.options import WHERE, ModelOption, VersionOption, parsed
from app.core.errors import InvalidInput
from app.core.settings import Settings
from app.schemas.evaluations.metric_history import HistoryPage, MetricSearch, Order
from app.schemas.evaluations.runs import Bucket, Comparison, Evaluation, EvaluationRequest, Kind
from app.schemas.faults import faults_of
from app.schemas.records.records import Moment
from app.services.evaluations import comparison, metric_history, runs

commands = typer.Typer(help="Evaluation runs and their reports.", no_args_is_help=True)
commands.command("import")(reports.import_reports)
commands.command()(reports.report)

MOMENT: TypeAdapter[Moment] = TypeAdapter(Moment)
FOUND = ("metric", "slice", "bucket", "value", "low", "high", "n", "small", "reason")
RUN = ("evaluation_id", "model", "version", "finished_at")
GROUP = ("slice", "bucket")
COMPARED = ("metric", "slice", "bucket", "n", "a", "b", "difference", "low", "high", "verdict", "reason")

RunArgument = Annotated[int, typer.Argument(min=1, max=2**63 - 1)]
Since = Annotated[str | None, typer.Option(help="The window begins here; with its offset.")]
Until = Annotated[str | None, typer.Option(help="The window ends before it.")]
TimeField = Annotated[
    str | None, typer.Option(help="What the window goes by; default what evaluation.py says.")
]
Where = Annotated[str | None, typer.Option(help='Only inputs with these values, as {"carrier": "UA"}.')]
Slices = Annotated[list[str] | None, typer.Option("--slice", help="Default: all of evaluation.py.")]
Metrics = Annotated[list[str] | None, typer.Option("--metric", help="Default: those of evaluation.py.")]
ComparedSlices = Annotated[
    list[str] | None,
    typer.Option("--slice", help="As plan, or plan=basic; default: all that both runs have."),
]
ComparedMetrics = Annotated[
    list[str] | None, typer.Option("--metric", help="Default: all that both runs have.")
]
BucketName = Annotated[Bucket | None, typer.Option(help="Also judge each of them.")]
Detach = Annotated[bool, typer.Option("--detach/--wait", help="Only queue it and print its id.")]


@commands.command()
def run(
    model: ModelOption = None,
    version: VersionOption = None,
    since: Since = None,
    until: Until = None,
    time_field: TimeField = None,
    where: Where = None,
    slices: Slices = None,
    metrics: Metrics = None,
    bucket: BucketName = None,
    detach: Detach = False,
) -> None:
    """Judge a version's predictions by the truths of a window: a worker does it, and it is watched here.

    Ctrl-C leaves it running. The exit code is 1 unless it is done, and if more than a
    tenth of the records failed.
    """
    evaluation_id = asyncio.run(
        _ask(
            {
                "model": model,
                "version": version,
                "since": since,
                "until": until,
                "time_field": time_field,
                "where": {} if where is None else parsed("--where", where, WHERE),
                "slices": list[JsonValue](slices) if slices else None,
                "metrics": list[JsonValue](metrics) if metrics else None,
                "bucket": bucket,
            }
        )
    )
    if detach:
        typer.echo(evaluation_id)
        return
    _show(_watch(evaluation_id))


async def _ask(request: JsonValue) -> int:
    try:
        wanted = EvaluationRequest.model_validate(request)
    except ValidationError as error:
        raise InvalidInput("The evaluation does not fit.", errors=faults_of(error)) from error
    async with open_sessions() as sessions:
        asked = await runs.ask(sessions, use_case(), wanted, default_model=Settings().default_model)
        return asked.id


@commands.command()
def show(evaluation_id: RunArgument) -> None:
    """What a run found; one that is under way is watched until it ends."""
    _show(_watch(evaluation_id))


def _watch(evaluation_id: int) -> Evaluation:
    what, again = f"Evaluation {evaluation_id}", f"{this_program()} evaluate show {evaluation_id}"
    with progress.detachable(what, again):
        return asyncio.run(_until_ended(evaluation_id))


async def _until_ended(evaluation_id: int) -> Evaluation:
    async with open_sessions() as sessions:
        return await progress.until_ended(lambda: runs.get(sessions, evaluation_id), stages.of_evaluation)


def _show(found: Evaluation) -> None:
    about = f"{stages.of_evaluation(found).title}: {found.model}, version {found.version}"
    counts = f"{found.labelled:,} of {found.records:,} records have a truth, {found.failed:,} failed"
    counts += stages.left_out(found)
    typer.echo(f"{about}; {counts}.{f' {found.error}' if found.error else ''}", err=True)
    _print(FOUND, found.metrics, groups=GROUP)
    if stages.warn(found) or found.state != "done":
        raise typer.Exit(1)


def _print(columns: Sequence[str], found: Sequence[object], *, groups: Sequence[str]) -> None:
    rows = [[getattr(one, column) for column in columns] for one in found]
    output.print_table(columns, rows, groups=groups, below="reason")


@commands.command()
def history(
    kind: Annotated[Kind | None, typer.Option()] = None,
    model: Annotated[str | None, typer.Option()] = None,
    version: Annotated[str | None, typer.Option()] = None,
    metric: Annotated[str | None, typer.Option()] = None,
    group: Annotated[str | None, typer.Option("--slice", help="name=value; empty for all records.")] = None,
    bucket: Annotated[str | None, typer.Option(help="As 2013-12; empty for the whole window.")] = None,
    finished_since: Annotated[str | None, typer.Option(help="Runs that finished then or later.")] = None,
    finished_until: Annotated[str | None, typer.Option(help="Runs that finished before.")] = None,
    at_least: Annotated[float | None, typer.Option()] = None,
    at_most: Annotated[float | None, typer.Option()] = None,
    sort: Annotated[Order, typer.Option()] = "-finished_at",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Metrics of finished runs, undefined ones last."""
    times = _moment(finished_since, "finished_since"), _moment(finished_until, "finished_until")
    wanted = MetricSearch(kind, model, version, metric, group, bucket, *times, at_least, at_most)
    page = asyncio.run(_page(wanted, sort, limit))
    if as_csv:
        typer.echo(metric_history.as_csv(page.items), nl=False)
    else:
        _print((*RUN, *FOUND), page.items, groups=RUN)
    if page.next_cursor:
        typer.echo(f"There is more than these {limit} rows: narrow the search, or raise --limit.", err=True)


def _moment(text: str | None, field: str) -> Moment | None:
    try:
        return None if text is None else MOMENT.validate_python(text)
    except ValidationError as error:
        faults = faults_of(error, field)
        raise InvalidInput("The search does not fit.", errors=faults) from error


async def _page(wanted: MetricSearch, order: Order, limit: int) -> HistoryPage:
    async with open_sessions() as sessions:
        return await metric_history.page(sessions, use_case(), wanted, order=order, limit=limit, cursor=None)


@commands.command()
def compare(
    a: RunArgument, b: RunArgument, slices: ComparedSlices = None, metrics: ComparedMetrics = None
) -> None:
    """Whether run B is better than run A, by what both were asked for, on the records that both judged."""
    found = asyncio.run(_compare(a, b, metrics or (), slices or ()))
    typer.echo(f"{found.shared:,} records were judged by both.", err=True)
    _print(COMPARED, found.metrics, groups=GROUP)


async def _compare(a: int, b: int, metrics: Sequence[str], slices: Sequence[str]) -> Comparison:
    async with open_sessions() as sessions:
        return await comparison.compare(sessions, use_case(), a, b, metrics=metrics, slices=slices)
