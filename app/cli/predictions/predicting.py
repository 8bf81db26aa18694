"""What ``predict`` does."""

import asyncio
from collections.abc import Mapping, Sequence

import typer

from app.cli.database import open_sessions
from app.cli.terminal import exits, failures, output, pipeline
from app.cli.terminal.output import Column, Format
from app.core.errors import AppError, FieldError, InvalidInput
from app.core.settings import Settings
from app.schemas.predictions.predictions import Prediction
from app.services.explanations.explaining import ExplainedAnswer, Explaining
from app.services.predictions.predictor import Answer, Ask, Predictor
from app.services.runtime import open_runtime

FIELDS = ("record_id", "prediction", "cached", "model", "version", "computed_at")


def _cache(prediction: Prediction) -> str:
    return "hit" if prediction.cached else "miss"


READABLE = ("record_id", "prediction", Column("cache", _cache), "model", "version", "computed_at")


def predict(
    record_ids: Sequence[str],
    model: str | None,
    version: str | None,
    *,
    refresh: bool,
    explain: bool,
    form: Format,
) -> None:
    """Print what records are predicted; errors go to standard error, and to the exit code."""
    found = asyncio.run(_predict(record_ids, Ask(model, version, refresh=refresh), explain=explain))
    good = [_prediction(one) for one in found.values() if not isinstance(one, AppError)]
    if good:
        columns = (*(READABLE if form == "table" else FIELDS), *(["explanation"] if explain else []))
        output.show(good, columns, form, below=("prediction", "explanation"))
    failed = {name: one for name, one in found.items() if isinstance(one, AppError)}
    if failed:
        _tell(failed, of=len(found))


async def _predict(
    record_ids: Sequence[str], ask: Ask, *, explain: bool
) -> Mapping[str, Answer | ExplainedAnswer | AppError]:
    async with open_sessions() as sessions, open_runtime(Settings()) as runtime:
        await pipeline.warn(sessions, runtime.predictor.pipeline_version)
        predictor: Predictor | Explaining = Explaining(runtime.predictor) if explain else runtime.predictor
        return await predictor.predict_many(record_ids, ask)


def _prediction(answer: Answer | ExplainedAnswer) -> Prediction:
    if isinstance(answer, Answer):
        return Prediction.model_validate(answer, from_attributes=True)
    plain = Prediction.model_validate(answer.answer, from_attributes=True)
    return plain.model_copy(update={"explanation": answer.explanation})


def _tell(failed: Mapping[str, AppError], *, of: int) -> None:
    """Say what could not be predicted, and why. Where that is all, the exit code is that of what is worst."""
    faults = [FieldError(record_id, one.detail) for record_id, one in failed.items()]
    whole = InvalidInput(f"{len(faults)} of {of} records could not be predicted.", errors=faults)
    typer.echo(f"Error: {failures.told(whole)}", err=True)
    worst = max(failures.exit_code(one) for one in failed.values())
    raise typer.Exit(worst if len(failed) == of else exits.PARTLY_FAILED)
