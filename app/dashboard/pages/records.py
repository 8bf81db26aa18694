"""Records: found by their ids, each with what was predicted for it and the truth; and what changes them."""

from typing import Literal
from urllib.parse import quote

from fastapi import Request, Response

from app.api.access.scopes import PREDICT, READ, WRITE, require
from app.api.deps import CursorQuery, PredictorDep, RecordId, SessionsDep, UseCaseDep
from app.core.errors import AppError
from app.core.errors.still_computing import StillComputing
from app.dashboard.charts import record as record_charts
from app.dashboard.charts import stages as stage_charts
from app.dashboard.faults import redirect
from app.dashboard.forms import NOTHING, given_value, problem_of, validated
from app.dashboard.rendering import page
from app.dashboard.routes import Form, pages
from app.schemas.records.records import LabelWrite
from app.services.browsing import choices, predicting, records
from app.services.browsing.predicting import Tried
from app.services.predictions.predictor import Ask, Predictor
from app.services.records import labels
from app.services.records import records as stored

router = pages()


@router.get("/dashboard/records", dependencies=[READ])
async def find_records(
    request: Request,
    predictor: PredictorDep,
    q: str = "",
    begins: bool = False,
    cursor: CursorQuery = None,
    done: Literal["deleted"] | None = None,
) -> Response:
    """The record with the id that is searched for, else those whose ids begin with it. ``begins``: those in
    any case."""
    found = await records.search(predictor, q, cursor=cursor)
    if found.items and found.items[0].id == q and not begins and cursor is None:
        return redirect(address(q))
    return page(request, "records/list.html", found=found, q=q, done=done)


@router.get("/dashboard/records/{record_id:path}", dependencies=[READ])
async def show_record(
    request: Request,
    record_id: RecordId,
    predictor: PredictorDep,
    cursor: CursorQuery = None,
    done: Literal["truth", "no-truth"] | None = None,
) -> Response:
    """One record with all that is known of it."""
    return await _shown(request, predictor, record_id, cursor=cursor, done=done)


@router.get("/dashboard/predict/{record_id:path}", dependencies=[READ])
@router.get("/dashboard/truth/{record_id:path}", dependencies=[READ])
async def show_again(record_id: RecordId) -> Response:
    """Where a form was sent to, asked for by its address."""
    return redirect(address(record_id))


@router.post("/dashboard/predict/{record_id:path}", dependencies=[PREDICT])
async def predict_record(
    request: Request, record_id: RecordId, predictor: PredictorDep, form: Form
) -> Response:
    """The prediction, and how long each stage took: nobody keeps that, so it is shown at once."""
    require("read")
    model, version = choices.parted(form.get("choice", ""))
    ask = Ask(model, version, refresh="refresh" in form, respond_async="version")
    tried = await predicting.predict(predictor, record_id, ask)
    return await _shown(request, predictor, record_id, tried=tried, entered=form)


@router.post("/dashboard/truth/{record_id:path}", dependencies=[WRITE])
async def put_truth(
    request: Request,
    record_id: RecordId,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    predictor: PredictorDep,
    form: Form,
) -> Response:
    """Set the truth about a record."""
    require("read")
    try:
        said = {"value": given_value(form, "value"), "observed_at": form.get("observed_at") or None}
        label = validated(LabelWrite, said)
        await labels.put_label(sessions, use_case, record_id, label.value, observed_at=label.observed_at)
    except AppError as error:
        return await _shown(request, predictor, record_id, fault=error, entered=form)
    return redirect(f"{address(record_id)}?done=truth")


@router.post("/dashboard/truth-removal/{record_id:path}", dependencies=[WRITE])
async def delete_truth(record_id: RecordId, sessions: SessionsDep) -> Response:
    """Forget the truth about a record."""
    await labels.delete_label(sessions, record_id)
    return redirect(f"{address(record_id)}?done=no-truth")


@router.post("/dashboard/record-removal/{record_id:path}", dependencies=[WRITE])
async def delete_record(
    record_id: RecordId, sessions: SessionsDep, predictor: PredictorDep, form: Form
) -> Response:
    """Delete a record as it was shown; one that has changed since stays."""
    seen = form.get("content_hash", "")
    await stored.delete(sessions, record_id, objection=lambda present: _changed(present, seen))
    predictor.forget([record_id])
    return redirect("/dashboard/records?done=deleted")


def address(record_id: str) -> str:
    """The path of a record's page, without ROOT_PATH."""
    return f"/dashboard/records/{quote(record_id, safe='')}"


def _changed(present: str | None, seen: str) -> str | None:
    is_same = present == seen
    return None if is_same else "The record has changed since it was shown: look at it again before it goes."


async def _shown(
    request: Request,
    predictor: Predictor,
    record_id: str,
    *,
    cursor: str | None = None,
    done: str | None = None,
    tried: Tried | None = None,
    fault: AppError | None = None,
    entered: Form = NOTHING,
) -> Response:
    """A record's page, with what has just become of it."""
    seen = await records.about(predictor, record_id, cursor=cursor)
    error = tried.error if tried is not None else fault
    accepted = error if isinstance(error, StillComputing) and error.accepted else None
    problem = None if error is None or accepted else problem_of(error)
    return page(
        request,
        "records/record.html",
        status=200 if problem is None else problem.status,
        seen=seen,
        figures=record_charts.of(seen),
        stages=None if tried is None else stage_charts.one_after_another(tried.stages),
        done=done,
        tried=tried,
        accepted=accepted,
        problem=problem,
        entered=entered,
        is_later_page=cursor is not None,
    )
