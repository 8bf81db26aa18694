"""JSON that survives: parsed strictly, bounded, and with one canonical form.

Postgres' JSONB refuses U+0000 and lone surrogates, knows no NaN or Infinity, and takes numbers so long
that they cannot be read back. All of that is refused here, before anything is stored.
"""

import hashlib
import json
import math

from pydantic import JsonValue

from app.core.errors import FieldError, InvalidInput
from app.core.exact_numbers import number

MAX_DEPTH = 32
"""Levels of lists and objects."""
MAX_DIGITS = 308
"""Digits of an integer: the magnitude a double can hold."""
LIMIT = 10**MAX_DIGITS


def parse(text: str | bytes, *, exact: bool = True) -> JsonValue:
    """Parse JSON and check it; what is wrong comes back as InvalidInput with the place of the fault."""
    value = loads(text, exact=exact)
    check(value)
    return value


def loads(text: str | bytes, *, exact: bool = True) -> JsonValue:
    """Parse JSON whose parts are checked later, one by one. InvalidInput where it is not JSON.

    NaN and Infinity pass here, so that the check can say where they stand. ``exact``: the digits of a number
    that no double holds are kept, for fields that are decimals.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
        value: JsonValue = json.loads(decoded, parse_float=number if exact else None)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"The JSON is not valid UTF-8 (byte {error.start + 1}).") from error
    except RecursionError as error:
        raise InvalidInput(f"The JSON is nested more than {MAX_DEPTH} levels deep.") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"This is not valid JSON: {error.msg} at character {error.pos}.") from error
    except ValueError as error:  # Python's limit of 4,300 digits
        raise InvalidInput(f"A number has more than {MAX_DIGITS} digits.") from error
    return value


def check(value: object, path: str = "", depth: int = 0) -> None:
    """Raise InvalidInput, naming the path, where ``value`` holds what cannot be stored and read back."""
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        _check_number(value, path)
    elif depth >= MAX_DEPTH:
        raise _unfit(path, f"must not be nested more than {MAX_DEPTH} levels deep")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise _unfit(path, f"a key must be text, not {type(key).__name__}")
            _check_text(key, path, what="a key")
            check(item, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            check(item, f"{path}[{index}]", depth + 1)
    else:
        raise _unfit(path, f"must be a JSON value, not {type(value).__name__}")


def _check_number(number: float, path: str) -> None:
    if isinstance(number, int):
        if abs(number) >= LIMIT:
            raise _unfit(path, f"a number must have at most {MAX_DIGITS} digits")
    elif not math.isfinite(number):
        raise _unfit(path, "a number must be finite; use null where a value is missing")


def _check_text(text: str, path: str, *, what: str = "text") -> None:
    if "\0" in text:
        raise _unfit(path, f"{what} must not contain U+0000")
    if not text.isascii() and readable(text) != text:
        raise _unfit(path, f"{what} must not contain a lone surrogate")


def _unfit(path: str, message: str) -> InvalidInput:
    field = readable(path) or "value"
    return InvalidInput(f"{field}: {message}.", errors=[FieldError(field, message)])


def readable(text: str) -> str:
    """The text with a question mark for each lone surrogate, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


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
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
