"""Options that several commands take."""

from typing import Annotated

import typer
from pydantic import JsonValue

from app.core import strict_json
from app.core.errors import InvalidInput

ModelOption = Annotated[str | None, typer.Option(help="Default: the setting DEFAULT_MODEL.")]
VersionOption = Annotated[str | None, typer.Option(help="Default: the live one.")]

WHERE = '{"plan": "basic"}'
"""The form of an option --where."""


def parsed(option: str, text: str, form: str) -> JsonValue:
    """The JSON that an option got; InvalidInput names the option and shows the form of what it takes."""
    try:
        return strict_json.parse(text)
    except InvalidInput as error:
        hint = f"{option} takes JSON, in quotes for the shell, such as '{form}'"
        raise InvalidInput(f"{hint}. {error.detail}", errors=error.errors) from error
