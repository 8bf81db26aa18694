"""What a command says of a failure."""

from collections.abc import Sequence

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from app.cli.terminal import exits, files
from app.core.errors import AppError, BackendRejected, BadOutput
from app.core.settings import Settings
from app.db.engine import OUTAGES, is_outage, outage_in_words

AWAY = 502
"""From this status on it is another part that fails: the database, the storage or a platform."""
FORESEEN: tuple[type[Exception], ...] = (AppError, ValidationError, *OUTAGES)
FLAGS = {
    "time_field": "--time-field",
    "finished_since": "--finished-since",
    "finished_until": "--finished-until",
    **dict.fromkeys(("metric", "metrics"), "--metric"),
    **dict.fromkeys(("slice", "slices"), "--slice"),
    "scopes": "--scope",
    "valid_for": "--expires",
    "requests_per_second": "--rate",
    "inferences_per_day": "--budget",
    "record_prefix": "--record-prefix",
    "models": "--model",
}
"""Options by the names that their values have in requests, where those would not be found."""


def told(error: Exception) -> str | None:
    """What is wrong, of one of FORESEEN; None if it is a bug."""
    if isinstance(error, AppError):
        faults = [f"  {FLAGS.get(fault.field, fault.field)}: {fault.message}" for fault in error.errors]
        return "\n".join([error.detail, *faults])
    if isinstance(error, ValidationError):
        if error.title != Settings.__name__:
            return None
        return "; ".join(_setting_fault(fault["loc"], fault["msg"]) for fault in error.errors())
    if of_a_file := files.fault(error):
        return of_a_file
    return f"{outage_in_words(error).removesuffix('.')}: {_reason(error)}" if is_outage(error) else None


def exit_code(error: Exception) -> int:
    """That of one of FORESEEN: whether another try, or another part, could do it as it was asked for."""
    if isinstance(error, AppError):
        is_away = error.status >= AWAY and not isinstance(error, BackendRejected | BadOutput)
    else:
        is_away = not isinstance(error, ValidationError) and files.fault(error) is None
    return exits.UNAVAILABLE if is_away else exits.BAD_INPUT


def _setting_fault(location: Sequence[int | str], message: str) -> str:
    name = str(location[0]).upper()
    return f"{name} is not set." if message == "Field required" else f"{name}: {message}"


def _reason(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause) or type(cause).__name__).splitlines()[0]
