"""JSON that survives: parsed strictly, bounded, and with one canonical form.

Postgres' JSONB refuses U+0000 and lone surrogates, knows no NaN or Infinity, and takes numbers so long
that they cannot be read back. All of that is refused here, before anything is stored.
"""

import hashlib
import json
import math
from typing import NoReturn

from pydantic import JsonValue

from app.core.errors import InvalidInput

MAX_DEPTH = 32
"""Levels of lists and objects."""
MAX_DIGITS = 308
"""Digits of an integer: the magnitude a double can hold."""
LIMIT = 10**MAX_DIGITS


def parse(text: str | bytes) -> JsonValue:
    """Parse JSON and check it; what is wrong comes back as InvalidInput with the place of the fault."""
    value = loads(text)
    check(value)
    return value


def loads(text: str | bytes) -> JsonValue:
    """Parse JSON whose parts are checked later, one by one. InvalidInput where it is not JSON."""
    try:
        value: JsonValue = json.loads(text, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise InvalidInput("The JSON is not valid UTF-8.") from error
    except RecursionError as error:
        raise InvalidInput(f"The JSON is nested more than {MAX_DEPTH} levels deep.") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"This is not valid JSON: {error.msg} at character {error.pos}.") from error
    except ValueError as error:  # Python's limit of 4,300 digits
        raise InvalidInput(f"A number has more than {MAX_DIGITS} digits.") from error
    return value


def _no_constant(name: str) -> NoReturn:
    raise InvalidInput(f"{name} is not a JSON number; use null where a value is missing.")


def check(value: JsonValue, path: str = "", depth: int = 0) -> None:
    """Raise InvalidInput, naming the path, where ``value`` holds what cannot be stored and read back."""
    here = path or "the value"
    if isinstance(value, str):
        _check_text(value, here)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        _check_number(value, here)
    elif depth >= MAX_DEPTH:
        raise InvalidInput(f"{here}: nested more than {MAX_DEPTH} levels deep.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, f"a key of {here}")
            check(item, f"{path}.{key}" if path else key, depth + 1)
    else:
        for index, item in enumerate(value):
            check(item, f"{path}[{index}]", depth + 1)


def _check_number(number: float, where: str) -> None:
    if isinstance(number, int):
        if abs(number) >= LIMIT:
            raise InvalidInput(f"{where}: a number may have at most {MAX_DIGITS} digits.")
    elif not math.isfinite(number):
        raise InvalidInput(f"{where}: numbers must be finite; use null where a value is missing.")


def _check_text(text: str, where: str) -> None:
    if "\0" in text:
        raise InvalidInput(f"{where.replace(chr(0), '?')}: text must not contain U+0000.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            readable = where.encode("utf-8", "replace").decode()
            raise InvalidInput(f"{readable}: text must not contain a lone surrogate.") from error


def canonical(value: JsonValue) -> str:
    """The one text of a value: keys sorted, no spaces, types kept (1, 1.0 and "1" stay apart).

    Minus zero becomes zero, since JSONB cannot tell them apart.
    """
    return json.dumps(_positive_zero(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _positive_zero(value: JsonValue) -> JsonValue:
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, dict):
        return {key: _positive_zero(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_positive_zero(item) for item in value]
    return value


def content_hash(value: JsonValue) -> str:
    """SHA-256 of the canonical form, in hex: the version of a record."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
