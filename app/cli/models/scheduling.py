"""What the commands of schedules do, once all that they need is imported."""

from pydantic import JsonValue, ValidationError

from app.cli.database import use_case
from app.cli.models.working import run
from app.cli.terminal import output
from app.cli.terminal.output import Format
from app.core.errors import InvalidInput
from app.schemas.evaluations.schedules import NewSchedule
from app.schemas.faults import faults_of
from app.services.evaluations import schedules

COLUMNS = ("model", "cron", "window_days", "version", "next_run", "last_evaluation_id", "error")


def show_all(form: Format) -> None:
    output.show(run(schedules.every), COLUMNS, form, below="error")


def show(model: str, form: Format) -> None:
    output.show_one(run(lambda sessions: schedules.get(sessions, model)), form)


def put(model: str, given: JsonValue, form: Format) -> None:
    try:
        new = NewSchedule.model_validate(given)
    except ValidationError as error:
        raise InvalidInput("The schedule does not fit.", errors=faults_of(error)) from error
    output.show_one(run(lambda sessions: schedules.put(sessions, use_case(), model, new)), form)


def delete(model: str) -> None:
    run(lambda sessions: schedules.remove(sessions, model))
