"""Options and arguments that several commands take."""

from datetime import datetime
from typing import Annotated

import typer
from pydantic import JsonValue, TypeAdapter, ValidationError

from app.core import strict_json
from app.core.errors import InvalidInput
from app.schemas.faults import faults_of
from app.schemas.records.records import Moment

ModelOption = Annotated[str | None, typer.Option(help="Default: the setting DEFAULT_MODEL.")]
WhichVersion = Annotated[str | None, typer.Option(help="Default: the live one.")]
Detach = Annotated[bool, typer.Option("--detach", help="Only queue it, and print its id.")]
AsItStands = Annotated[bool, typer.Option("--now", help="As it stands, also while it is under way.")]
WaitForWorker = Annotated[bool, typer.Option("--wait", help="Wait for a worker, too, if none is alive.")]

WHERE = '{"plan": "basic"}'
"""The form of an option --where."""
BEYOND_IDS = 2**63
MOST = 10**9
"""Of a list: what is far from the largest number that the database takes, and needs no limit."""
MOMENT: TypeAdapter[Moment] = TypeAdapter(Moment)


def parsed(option: str, text: str, form: str) -> JsonValue:
    """The JSON that an option got; InvalidInput names the option and shows the form of what it takes."""
    try:
        return strict_json.parse(text)
    except InvalidInput as error:
        hint = f"{option} takes JSON, in quotes for the shell, such as '{form}'"
        raise InvalidInput(f"{hint}. {error.detail}", errors=error.errors) from error


def moment(option: str, text: str | None) -> datetime | None:
    """The time that an option got; InvalidInput names the option and says what would be right."""
    try:
        return None if text is None else MOMENT.validate_python(text)
    except ValidationError as error:
        raise InvalidInput("A time does not fit.", errors=faults_of(error, option)) from error


def _listable(value: int) -> int:
    if value > MOST:
        raise typer.BadParameter(f"{value} is more than any list has: at most {MOST:,}.")
    return value


HowMany = Annotated[int, typer.Option("--limit", metavar="N", help="How many.", min=1, callback=_listable)]


def id_argument(what: str) -> typer.models.ArgumentInfo:
    """An argument that is the id of something, checked without its help naming the largest number."""
    argument: typer.models.ArgumentInfo = typer.Argument(metavar="ID", help=what, callback=checked_id)
    return argument


def checked_id(value: int) -> int:
    """BadParameter where it cannot be one."""
    if not 0 < value < BEYOND_IDS:
        raise typer.BadParameter(f"{value} is no id: they count from 1.")
    return value
