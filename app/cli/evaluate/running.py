"""``python -m app evaluate run``, ``show`` and ``cancel``."""

from typing import Annotated, Literal, TypeAlias

import typer
from pydantic import JsonValue

from app.cli.evaluate.options import (
    EvaluationWhere,
    MetricNames,
    ReferenceSince,
    ReferenceUntil,
    RunArgument,
    Since,
    SliceNames,
    TimeField,
    Until,
)
from app.cli.terminal.options import (
    WHERE,
    AsItStands,
    Detach,
    ModelOption,
    WaitForWorker,
    WhichVersion,
    parsed,
)
from app.cli.terminal.output import FormatOption
from app.schemas.evaluations.runs import Bucket

RunKind: TypeAlias = Literal["quality", "drift", "attribution_drift"]
KindOption = Annotated[RunKind, typer.Option("--kind", help="What is judged: see docs/evaluations.md.")]
BucketOption = Annotated[Bucket | None, typer.Option("--bucket", help="Also judge each of them.")]


def run(
    model: ModelOption = None,
    version: WhichVersion = None,
    kind: KindOption = "quality",
    since: Since = None,
    until: Until = None,
    time_field: TimeField = None,
    where: EvaluationWhere = None,
    slices: SliceNames = None,
    metrics: MetricNames = None,
    bucket: BucketOption = None,
    reference_since: ReferenceSince = None,
    reference_until: ReferenceUntil = None,
    detach: Detach = False,
    wait: WaitForWorker = False,
    form: FormatOption = "table",
) -> None:
    """Judge a version's predictions by the truths of a window: a worker does it, and it is watched here.

    Ctrl-C leaves it running. The exit code is 3 unless it is done, and if more than a tenth of the records
    failed; 4 if no worker is alive.
    """
    from app.cli.evaluate import work

    reference: JsonValue = {"since": reference_since, "until": reference_until}
    evaluation_id = work.ask(
        {
            "kind": kind,
            "model": model,
            "version": version,
            "since": since,
            "until": until,
            "time_field": time_field,
            "where": {} if where is None else parsed("--where", where, WHERE),
            "slices": list[JsonValue](slices) if slices else None,
            "metrics": list[JsonValue](metrics) if metrics else None,
            "bucket": bucket,
            "reference": reference if reference_since or reference_until else None,
        }
    )
    if detach:
        typer.echo(evaluation_id)
    else:
        work.show(work.until_ended(evaluation_id, wait=wait), form)


def show(
    evaluation_id: RunArgument,
    now: AsItStands = False,
    wait: WaitForWorker = False,
    form: FormatOption = "table",
) -> None:
    """What a run found; one that is under way is watched until it ends."""
    from app.cli.evaluate import work

    work.show(work.get(evaluation_id) if now else work.until_ended(evaluation_id, wait=wait), form)


def cancel(evaluation_id: RunArgument) -> None:
    """Stop a run that is under way."""
    from app.cli.evaluate import work

    typer.echo(work.cancel(evaluation_id))
