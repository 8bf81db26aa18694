"""``python -m app schedules``."""

from typing import Annotated

import typer
from pydantic import JsonValue

from app.cli.parts.asking import WithoutAsking, confirm
from app.cli.terminal.options import WHERE, parsed
from app.cli.terminal.output import FormatOption

commands = typer.Typer(
    help="Evaluations that begin by themselves, by cron expressions.", no_args_is_help=True
)
ScheduledModel = Annotated[str, typer.Argument(metavar="MODEL", help="Whose schedule it is.")]
Cron = Annotated[
    str,
    typer.Argument(metavar="CRON", help="Minute, hour, day, month and weekday in UTC, such as '0 6 * * 1'."),
]
Days = Annotated[
    int | None, typer.Option(help="Judge the records of so many days before each run. Default: all.", min=1)
]
OnlyMetrics = Annotated[list[str] | None, typer.Option("--metric", help="Only this one; repeatable.")]
OnlySlices = Annotated[list[str] | None, typer.Option("--slice", help="Only this slice; repeatable.")]
ByBucket = Annotated[str | None, typer.Option(help="Tell the metrics of each day, week or month, too.")]


@commands.command("list")
def list_schedules(form: FormatOption = "table") -> None:
    """Every model's schedule: when it is due next, and which run it began last."""
    from app.cli.models import scheduling

    scheduling.show_all(form)


@commands.command()
def show(model: ScheduledModel, form: FormatOption = "table") -> None:
    """A model's schedule, with what is evaluated."""
    from app.cli.models import scheduling

    scheduling.show(model, form)


@commands.command("set")
def set_schedule(
    model: ScheduledModel,
    cron: Cron,
    window_days: Days = None,
    version: Annotated[str | None, typer.Option(help="Default: the one that is live then.")] = None,
    time_field: Annotated[str | None, typer.Option(help="What the window goes by.")] = None,
    where: Annotated[str | None, typer.Option(help=f"Inputs with these values, as {WHERE}.")] = None,
    metric: OnlyMetrics = None,
    slices: OnlySlices = None,
    bucket: ByBucket = None,
    form: FormatOption = "table",
) -> None:
    """Set a model's schedule, in place of the one it has. Workers begin the runs."""
    from app.cli.models import scheduling

    given: dict[str, JsonValue] = {
        "cron": cron,
        "window_days": window_days,
        "version": version,
        "time_field": time_field,
        "where": None if where is None else parsed("--where", where, WHERE),
        "metrics": None if metric is None else [*metric],
        "slices": None if slices is None else [*slices],
        "bucket": bucket,
    }
    scheduling.put(model, {name: value for name, value in given.items() if value is not None}, form)


@commands.command()
def delete(model: ScheduledModel, yes: WithoutAsking = False) -> None:
    """Evaluate the model no more by itself. Runs that were begun go on."""
    confirm(f"the schedule of {model}", yes=yes)
    from app.cli.models import scheduling

    scheduling.delete(model)
    typer.echo(f"The schedule of {model} is deleted.", err=True)
