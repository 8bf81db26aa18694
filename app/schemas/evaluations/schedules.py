"""Schedules of evaluations on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from app.schemas.evaluations.runs import Bucket, Once
from app.schemas.ids import Name
from app.schemas.values.closed import Closed
from app.schemas.values.guesses import MOST_CONDITIONS, WantedValue, exact_number
from app.schemas.values.wire import Documented

CRON_FIELDS = 5


def _cron(expression: str) -> str:
    from croniter import CroniterBadDateError, croniter  # for the few requests that have one

    if len(expression.split()) != CRON_FIELDS or not croniter.is_valid(expression):
        raise ValueError("must be five cron fields: minute hour day month weekday, such as `0 6 * * 1`")
    try:
        croniter(expression).get_next()
    except CroniterBadDateError as error:
        raise ValueError("is a time that never comes") from error
    return expression


class NewSchedule(Documented, Closed):
    """When the model is evaluated by itself, and on what: the fields are those of an evaluation."""

    cron: Annotated[str, Field(max_length=100), AfterValidator(_cron)]
    """Minute, hour, day of month, month, day of week; UTC."""
    window_days: Annotated[int, Field(ge=1, le=36_500), BeforeValidator(exact_number)] | None = None
    """The window is the last so many days before each run; default everything."""
    version: Name | None = None
    """Default: the one that is live when the time comes."""
    time_field: str | None = None
    where: dict[str, WantedValue] = Field(default_factory=dict, max_length=MOST_CONDITIONS)
    slices: Annotated[list[str], Once] | None = None
    metrics: Annotated[list[str], Field(min_length=1), Once] | None = None
    bucket: Bucket | None = None


class EvaluationSchedule(NewSchedule):
    """A schedule as it stands; `error` says why the last due run was not begun."""

    model: Name
    next_run: datetime
    last_evaluation_id: int | None
    error: str | None
