"""Jobs: all that workers do, how far it is, and what can be done about it."""

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Path, Request, Response
from fastapi.responses import StreamingResponse

from app.api.access.scopes import PREDICT, READ, require
from app.api.deps import CursorQuery, SessionsDep, SettingsDep, UseCaseDep
from app.api.jobs import MEDIA_TYPES, JobId
from app.core.errors import AppError
from app.dashboard.faults import redirect
from app.dashboard.forms import NOTHING, problem_of
from app.dashboard.pages.new_jobs import once_of, request_of
from app.dashboard.rendering import page
from app.dashboard.routes import Form, pages
from app.schemas.problem import Problem
from app.schemas.records.imports import FileFormat
from app.services.browsing import choices, work
from app.services.browsing.choices import VersionOptions
from app.services.browsing.work import SeenWork, WorkKind
from app.services.jobs import jobs, results

router = pages()


@router.get("/dashboard/jobs", dependencies=[READ])
async def show_work(
    request: Request,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    settings: SettingsDep,
    show: WorkKind = "jobs",
    cursor: CursorQuery = None,
) -> Response:
    """Prediction jobs, evaluations or operations, newest first; what waits, and for whom."""
    seen = await work.of_kind(sessions, use_case, show, cursor=cursor)
    versions = await choices.options(sessions, use_case, settings.default_model)
    return _listed(request, seen, versions)


@router.get("/dashboard/jobs/live", dependencies=[READ])
async def show_list(
    request: Request,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    show: WorkKind = "jobs",
    cursor: CursorQuery = None,
) -> Response:
    """The part of that page which changes by itself."""
    seen = await work.of_kind(sessions, use_case, show, cursor=cursor)
    return page(request, "jobs/list_live.html", seen=seen)


@router.post("/dashboard/jobs", dependencies=[PREDICT])
async def start_job(
    request: Request, sessions: SessionsDep, use_case: UseCaseDep, settings: SettingsDep, form: Form
) -> Response:
    """Start a prediction job, once for each time that the form was shown."""
    try:
        wanted = request_of(form)
        job = await jobs.ask(sessions, use_case, settings, wanted, keyed=once_of(form))
    except AppError as error:
        require("read")
        seen = await work.of_kind(sessions, use_case, "jobs", cursor=None)
        versions = await choices.options(sessions, use_case, settings.default_model)
        return _listed(request, seen, versions, problem_of(error), form)
    return redirect(f"/dashboard/jobs/{job.id}")


@router.get("/dashboard/jobs/{job_id}", dependencies=[READ])
async def show_job(
    request: Request,
    job_id: JobId,
    sessions: SessionsDep,
    done: Literal["cancelled", "resumed"] | None = None,
) -> Response:
    """One prediction job: how far it is, how fast, and what failed of it."""
    found = await work.of_job(sessions, job_id)
    return page(request, "jobs/job.html", found=found, done=done)


@router.get("/dashboard/jobs/{job_id}/live", dependencies=[READ])
async def show_progress(request: Request, job_id: JobId, sessions: SessionsDep) -> Response:
    """The part of that page which changes by itself."""
    return page(request, "jobs/job_live.html", found=await work.of_job(sessions, job_id))


@router.post("/dashboard/jobs/{job_id}/cancel", dependencies=[PREDICT])
async def cancel_job(job_id: JobId, sessions: SessionsDep) -> Response:
    """Begin no more chunks of a job."""
    await jobs.cancel(sessions, job_id)
    return redirect(f"/dashboard/jobs/{job_id}?done=cancelled")


@router.post("/dashboard/jobs/{job_id}/resume", dependencies=[PREDICT])
async def resume_job(job_id: JobId, sessions: SessionsDep) -> Response:
    """Go on with a job that was cancelled or has failed."""
    await jobs.resume(sessions, job_id)
    return redirect(f"/dashboard/jobs/{job_id}?done=resumed")


@router.get("/dashboard/jobs/{job_id}/results.{file_format}", dependencies=[READ])
async def download_results(
    job_id: JobId, sessions: SessionsDep, file_format: Annotated[FileFormat, Path()]
) -> StreamingResponse:
    """A line for each record of a job that has ended, as the API gives them."""
    parts = await results.read(sessions, job_id, file_format)
    kept_as = {"Content-Disposition": f'attachment; filename="job-{job_id}.{file_format}"'}
    return StreamingResponse(parts, media_type=MEDIA_TYPES[file_format], headers=kept_as)


def _listed(
    request: Request,
    seen: SeenWork,
    versions: VersionOptions,
    problem: Problem | None = None,
    entered: Mapping[str, str] = NOTHING,
) -> Response:
    """The page of all work, with what was wrong with a form, and what had been entered."""
    return page(
        request,
        "jobs/list.html",
        status=200 if problem is None else problem.status,
        seen=seen,
        versions=versions,
        problem=problem,
        entered=entered,
        once=uuid4().hex,
    )
