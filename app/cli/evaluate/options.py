"""Options and arguments that several of these commands take."""

from typing import Annotated

import typer

from app.cli.terminal.options import WHERE, id_argument

RunArgument = Annotated[int, id_argument("Of the run, as `evaluate list` has it.")]
Since = Annotated[str | None, typer.Option(help="The window begins here; with its offset.")]
Until = Annotated[str | None, typer.Option(help="The window ends before it.")]
TimeField = Annotated[
    str | None, typer.Option(help="What the window goes by; default what evaluation.py says.")
]
EvaluationWhere = Annotated[
    str | None, typer.Option("--where", help=f"Only inputs with these values, as {WHERE}.")
]
ReferenceSince = Annotated[
    str | None, typer.Option(help="Drift is measured from a window that begins here; with its offset.")
]
ReferenceUntil = Annotated[str | None, typer.Option(help="That window ends before it.")]
SliceNames = Annotated[list[str] | None, typer.Option("--slice", help="Default: all of evaluation.py.")]
MetricNames = Annotated[list[str] | None, typer.Option("--metric", help="Default: those of evaluation.py.")]
ComparedSlices = Annotated[
    list[str] | None,
    typer.Option("--slice", help="As plan, or plan=basic; default: all that both runs have."),
]
ComparedMetrics = Annotated[
    list[str] | None, typer.Option("--metric", help="Default: all that both runs have.")
]
ModelOnly = Annotated[str | None, typer.Option("--model", help="Only of this model.")]
VersionOnly = Annotated[str | None, typer.Option("--version", help="Only of this version.")]
