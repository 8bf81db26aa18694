"""The schedule of a model's evaluations."""

from fastapi import APIRouter

from app.api.access.scopes import ADMIN, READ
from app.api.deps import SessionsDep, UseCaseDep
from app.api.http.problems import OF_BODIES, responses
from app.api.http.strict_route import StrictRoute
from app.schemas.evaluations.schedules import EvaluationSchedule, NewSchedule
from app.schemas.ids import Name
from app.services.evaluations import schedules

router = APIRouter(
    prefix="/models/{model}/evaluation-schedule", tags=["evaluations"], route_class=StrictRoute
)


@router.put(
    "", summary="Set a model's evaluation schedule", responses=responses(*OF_BODIES), dependencies=[ADMIN]
)
async def put_evaluation_schedule(
    model: Name, new: NewSchedule, sessions: SessionsDep, use_case: UseCaseDep
) -> EvaluationSchedule:
    """Evaluate the model by itself, at the times of a cron expression; replaces the schedule it has.

    A worker begins each run. Times that passed while no worker ran are made up for by one run.
    """
    return await schedules.put(sessions, use_case, model, new)


@router.get("", summary="Get a model's evaluation schedule", responses=responses(), dependencies=[READ])
async def get_evaluation_schedule(model: Name, sessions: SessionsDep) -> EvaluationSchedule:
    """The schedule, when it is due next, and the run it began last."""
    return await schedules.get(sessions, model)


@router.delete(
    "",
    status_code=204,
    summary="Delete a model's evaluation schedule",
    responses=responses(),
    dependencies=[ADMIN],
)
async def delete_evaluation_schedule(model: Name, sessions: SessionsDep) -> None:
    """Evaluate the model no more by itself. Runs that were begun go on."""
    await schedules.remove(sessions, model)
