"""What the commands of evaluation runs do."""

import asyncio

import typer
from pydantic import JsonValue, ValidationError

from app.cli.database import open_sessions, use_case
from app.cli.evaluate.columns import FOUND, GROUP
from app.cli.terminal import exits, output, progress, stages
from app.cli.terminal.hints import this_program
from app.cli.terminal.output import Format
from app.cli.terminal.workers import Workers
from app.core.errors import InvalidInput
from app.core.settings import Settings
from app.schemas.evaluations.metric_history import HistoryPage, MetricSearch, Order
from app.schemas.evaluations.runs import Evaluation, EvaluationPage, EvaluationRequest, EvaluationSearch
from app.schemas.faults import faults_of
from app.services.evaluations import metric_history, runs


def ask(request: JsonValue) -> int:
    """Queue a run; its id. InvalidInput names what does not fit."""
    try:
        wanted = EvaluationRequest.model_validate(request)
    except ValidationError as error:
        raise InvalidInput("The evaluation does not fit.", errors=faults_of(error)) from error

    async def queue() -> int:
        async with open_sessions() as sessions:
            default_model = Settings().default_model
            return (await runs.ask(sessions, use_case(), wanted, default_model=default_model)).id

    return asyncio.run(queue())


def get(evaluation_id: int) -> Evaluation:
    """As it stands, or NotFound."""

    async def found() -> Evaluation:
        async with open_sessions() as sessions:
            return await runs.get(sessions, evaluation_id)

    return asyncio.run(found())


def until_ended(evaluation_id: int, *, wait: bool) -> Evaluation:
    """Show how far it is until it ends."""

    async def watched() -> Evaluation:
        async with open_sessions() as sessions:
            return await progress.until_ended(
                lambda: runs.get(sessions, evaluation_id),
                stages.of_evaluation,
                Workers(sessions, wait=wait).look,
            )

    again = f"{this_program()} evaluate show {evaluation_id}"
    with progress.detachable(f"Evaluation {evaluation_id}", again):
        return asyncio.run(watched())


def cancel(evaluation_id: int) -> str:
    """What came of it, in a line."""

    async def end() -> Evaluation:
        async with open_sessions() as sessions:
            return await runs.cancel(sessions, evaluation_id)

    return stages.of_evaluation(asyncio.run(end())).line


def show(found: Evaluation, form: Format) -> None:
    """Print its metrics, as JSON all of it; end with PARTLY_FAILED where it has ended and is not done, or
    much failed."""
    about = f"{stages.of_evaluation(found).title}: {found.model}, version {found.version}"
    counts = f"{found.labelled:,} of {found.records:,} records have a truth, {found.failed:,} failed"
    counts += stages.left_out(found)
    typer.echo(f"{about}; {counts}.{f' {found.error}' if found.error else ''}", err=True)
    if form == "json":
        output.show_one(found, form)
    else:
        output.show(found.metrics, FOUND, form, groups=GROUP, below=("reason",))
    if stages.warn(found) or found.state in ("failed", "cancelled"):
        raise typer.Exit(exits.PARTLY_FAILED)


async def page(search: EvaluationSearch, limit: int) -> EvaluationPage:
    """The newest."""
    async with open_sessions() as sessions:
        return await runs.page(sessions, use_case(), search, limit=limit, cursor=None)


async def history(search: MetricSearch, order: Order, limit: int) -> HistoryPage:
    """Metrics of finished runs."""
    async with open_sessions() as sessions:
        return await metric_history.page(sessions, use_case(), search, order=order, limit=limit, cursor=None)
