"""Ask for evaluations, look at them, cancel them, and compare two."""

import asyncio
from collections.abc import Iterable, Sequence

from app.core.errors import Conflict, FieldError, InvalidInput, NotFound
from app.db import evaluations as rows
from app.db import queue
from app.db.engine import Sessions
from app.db.windows import OBSERVED_AT
from app.schemas.evaluations import (
    ComparedMetric,
    Comparison,
    Evaluation,
    EvaluationRequest,
    MetricValue,
)
from app.schemas.input_object import InputObject
from app.services import evaluation, intervals, judging, metrics, models
from app.services.judging import Case
from app.services.metrics import Undefined


def check(request: EvaluationRequest) -> None:
    """InvalidInput names each metric, slice or field that there is not, and those that there are."""
    unknown = [
        *_unknown("metrics", request.metrics or (), metrics.METRICS[evaluation.TASK]),
        *_unknown("slices", request.slices or (), evaluation.SLICES),
        *_unknown("where", request.where, InputObject.model_fields),
    ]
    if request.time_field is not None:
        unknown += _unknown("time_field", [request.time_field], [OBSERVED_AT, *_timestamps()])
    if unknown:
        raise InvalidInput("The evaluation names what there is not.", errors=unknown)


def _unknown(field: str, given: Iterable[str], known: Iterable[str]) -> list[FieldError]:
    names = sorted(known)
    return [
        FieldError(field, f"there is no {name!r}; there is {', '.join(names) or 'none'}")
        for name in given
        if name not in names
    ]


def _timestamps() -> list[str]:
    """The input's fields that hold a point in time."""
    properties = InputObject.model_json_schema(mode="serialization").get("properties", {})
    return [name for name, schema in properties.items() if "date-time" in str(schema)]


async def ask(sessions: Sessions, request: EvaluationRequest, *, default_model: str | None) -> Evaluation:
    """Queue a run of a version (default: the live one of the default model)."""
    check(request)
    model = request.model or default_model
    if model is None:
        missing = FieldError("model", "name one, or set DEFAULT_MODEL")
        raise InvalidInput("Which model should be judged?", errors=[missing])
    async with sessions.begin() as session:
        version_id = await models.version_id(session, model, request.version)
        evaluation_id = await rows.create(session, version_id, request.kind, request.model_dump(mode="json"))
        await queue.enqueue(session, "evaluate", [evaluation_id])
    return await get(sessions, evaluation_id)


async def get(sessions: Sessions, evaluation_id: int) -> Evaluation:
    """A run with what it found so far, or NotFound."""
    async with sessions() as session:
        found = await rows.find(session, evaluation_id)
        if found is None:
            raise NotFound(f"There is no evaluation {evaluation_id}.")
        row, model, version = found
        measured = await rows.metrics_of(session, evaluation_id)
    fields = {name: getattr(row, name) for name in Evaluation.model_fields if hasattr(row, name)} | {
        "model": model,
        "version": version,
        "request": row.filter,
        "metrics": [MetricValue.model_validate(one, from_attributes=True) for one in measured],
    }
    return Evaluation.model_validate(fields)


async def cancel(sessions: Sessions, evaluation_id: int) -> None:
    """Stop a run that is under way; Conflict if it has ended."""
    async with sessions.begin() as session:
        if await rows.end(session, evaluation_id, "cancelled"):
            return
        found = await rows.find(session, evaluation_id)
    if found is None:
        raise NotFound(f"There is no evaluation {evaluation_id}.")
    raise Conflict(f"The evaluation {evaluation_id} has ended: it is {found[0].state}.")


async def compare(sessions: Sessions, a: int, b: int) -> Comparison:
    """Whether run b is better than run a, on the records that both judged."""
    for one in (a, b):
        found = await get(sessions, one)
        if found.state != "done":
            raise Conflict(f"The evaluation {one} is {found.state}: only finished ones can be compared.")
        if found.kind != "quality":
            raise Conflict(f"The evaluation {one} is of the kind {found.kind}: it judged no single records.")
    async with sessions() as session:
        found_rows = await rows.shared(session, a, b)
    before = [Case(row[0], row[1], row[3], row[4]) for row in found_rows]
    after = [Case(row[0], row[2], row[3], row[4]) for row in found_rows]
    compared = await asyncio.to_thread(_compare, before, after)
    return Comparison(a=a, b=b, shared=len(found_rows), metrics=compared)


def _compare(before: Sequence[Case], after: Sequence[Case]) -> list[ComparedMetric]:
    theirs = judging.groups(after)
    return [
        _compare_one(name, key, members, theirs[key])
        for key, members in judging.groups(before).items()
        for name in evaluation.METRICS
    ]


def _compare_one(
    name: str, key: tuple[str, str], before: Sequence[Case], after: Sequence[Case]
) -> ComparedMetric:
    a, b = judging.sample(before), judging.sample(after)
    compared = ComparedMetric(
        metric=name,
        slice=key[0],
        bucket=key[1],
        n=a.n,
        a=None,
        b=None,
        difference=None,
        low=None,
        high=None,
        verdict="undecided",
        reason=None,
    )
    try:
        compared.a = metrics.value(name, evaluation.TASK, a)
        compared.b = metrics.value(name, evaluation.TASK, b)
        found = intervals.difference(name, evaluation.TASK, a, b)
    except Undefined as error:
        compared.reason = str(error)
        return compared
    compared.difference, compared.verdict = found.value, found.verdict
    compared.low, compared.high = found.interval.low, found.interval.high
    return compared
