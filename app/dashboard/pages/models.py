"""The pages of models: which there are, what is live and was, and moving that."""

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import Query, Request, Response

from app.api.access.scopes import ADMIN, READ
from app.api.deps import FORGETTING, CursorQuery, InferenceDep, SessionsDep, UseCaseDep
from app.core.errors import AppError
from app.dashboard import fields
from app.dashboard.faults import redirect
from app.dashboard.rendering import page
from app.dashboard.routes import Form, pages
from app.schemas.ids import Name
from app.services.evaluations.verdicts import moving, weighing
from app.services.evaluations.verdicts.moving import ProposedMove
from app.services.models import history, listing, showing
from app.services.models.decided import Shown

router = pages()

ROWS = 50
MOVED = Literal["promoted", "rolled-back"]
PROBES: Mapping[str, bool | None] = {"default": None, "yes": True, "no": False}


@router.get("/dashboard/models", dependencies=[READ])
async def show_models(
    request: Request,
    sessions: SessionsDep,
    find: Annotated[str, Query(max_length=64)] = "",
    cursor: CursorQuery = None,
) -> Response:
    found = await listing.page_of_summaries(sessions, named_like=find.strip(), limit=ROWS, cursor=cursor)
    return page(request, "models/list.html", found=found, find=find, is_first=cursor is None)


@router.get("/dashboard/models/{model}", dependencies=[READ])
async def show_model(
    request: Request,
    model: Name,
    sessions: SessionsDep,
    cursor: CursorQuery = None,
    done: MOVED | None = None,
) -> Response:
    found = await showing.show(sessions, model, limit=ROWS, cursor=cursor)
    return page(request, "models/model.html", model=model, found=found, done=done)


@router.get("/dashboard/models/{model}/history", dependencies=[READ])
async def show_history(
    request: Request, model: Name, sessions: SessionsDep, cursor: CursorQuery = None
) -> Response:
    found = await history.page(sessions, model, limit=ROWS, cursor=cursor)
    return page(request, "models/history.html", model=model, found=found)


@router.get("/dashboard/models/{model}/promote", dependencies=[ADMIN])
async def ask_to_promote(request: Request, model: Name, version: Name, sessions: SessionsDep) -> Response:
    return _asking(request, await moving.to_promote(sessions, model, version), "promote")


@router.get("/dashboard/models/{model}/weighed", dependencies=[READ])
async def show_weighed(
    request: Request, model: Name, a: Name, b: Name, sessions: SessionsDep, use_case: UseCaseDep
) -> Response:
    """A part of a question: how two versions compare, which may take a second."""
    weighed = await weighing.weigh(sessions, use_case, model, a, b)
    return page(request, "models/weighed.html", model=model, a=a, b=b, weighed=weighed)


@router.post("/dashboard/models/{model}/promote", dependencies=[ADMIN, FORGETTING])
async def promote(
    request: Request,
    model: Name,
    sessions: SessionsDep,
    use_case: UseCaseDep,
    inference: InferenceDep,
    form: Form,
) -> Response:
    """A fault is shown with the question, which can be answered anew."""
    version, shown = fields.named(form, "version"), _shown(form)
    probe = PROBES.get(form.get("probe", "default"))
    try:
        await moving.promote(sessions, use_case, inference, model, version, shown=shown, probe=probe)
    except AppError as error:
        proposed = await moving.to_promote(sessions, model, version)
        return _asking(request, proposed, "promote", error)
    return _moved(model, "promoted")


@router.get("/dashboard/models/{model}/rollback", dependencies=[ADMIN])
async def ask_to_roll_back(request: Request, model: Name, sessions: SessionsDep) -> Response:
    return _asking(request, await moving.to_roll_back(sessions, model), "rollback")


@router.post("/dashboard/models/{model}/rollback", dependencies=[ADMIN, FORGETTING])
async def roll_back(
    request: Request, model: Name, sessions: SessionsDep, use_case: UseCaseDep, form: Form
) -> Response:
    restored, shown = fields.named(form, "version"), _shown(form)
    try:
        await moving.roll_back(sessions, use_case, model, restored, shown=shown)
    except AppError as error:
        proposed = await moving.to_roll_back(sessions, model)
        return _asking(request, proposed, "rollback", error)
    return _moved(model, "rolled-back")


def _shown(form: Mapping[str, str]) -> Shown:
    """What was live when the form was shown."""
    return Shown(form.get("live") or None, fields.moment(form, "since"))


def _moved(model: str, how: MOVED) -> Response:
    return redirect(f"/dashboard/models/{quote(model, safe='')}?done={how}")


def _asking(request: Request, proposed: ProposedMove, action: str, fault: AppError | None = None) -> Response:
    return page(
        request,
        "models/confirm.html",
        status=200 if fault is None else fault.status,
        proposed=proposed,
        action=action,
        fault=fault,
    )
