"""Values of options and arguments that are more than text."""

from typing import TYPE_CHECKING, BinaryIO

from pydantic import JsonValue

from app.core import strict_json
from app.core.errors import InvalidInput

if TYPE_CHECKING:
    from app.services.use_case import UseCase

MOST_BYTES = 100_000_000
"""Of a file that is one JSON value: it is held whole."""


def json_of(text: str | None, file: BinaryIO | None, what: str, form: str) -> JsonValue:
    """The JSON of an argument or of a file, one of both; InvalidInput says what it should be."""
    if (text is None) == (file is None):
        raise InvalidInput(f"Give {what} as an argument, or --file FILE (- is standard input), one of both.")
    content: str | bytes = text if text is not None else file.read(MOST_BYTES) if file is not None else ""
    try:
        return strict_json.parse(content)
    except InvalidInput as error:
        hint = f"{what} is JSON, in quotes for the shell, such as '{form}'. {error.detail}"
        raise InvalidInput(hint, errors=error.errors) from error


def label_of(use_case: "UseCase", text: str) -> JsonValue:
    """A truth out of an argument: JSON, unless only the text itself is one that the use case takes."""
    try:
        value = strict_json.parse(text)
    except InvalidInput:
        return text
    return value if _is_label(use_case, value) or not _is_label(use_case, text) else text


def _is_label(use_case: "UseCase", value: JsonValue) -> bool:
    from app.services.records.labels import normalise_label

    try:
        normalise_label(use_case, value, path="value")
    except InvalidInput:
        return False
    return True
