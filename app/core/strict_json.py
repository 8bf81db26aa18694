"""JSON that survives: parsed strictly, bounded, and with one canonical form.

Postgres' JSONB refuses U+0000 and lone surrogates, knows no NaN or Infinity, and takes numbers so long
that they cannot be read back. All of that is refused here, before anything is stored.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Collection, Iterable
from decimal import Decimal

from pydantic import JsonValue

from app.core.errors import FieldError, InvalidInput
from app.core.exact_numbers import number
from app.core.places import dotted

MAX_DEPTH = 32
"""Levels of lists and objects."""
MAX_DIGITS = 308
"""Digits of an integer: the magnitude a double can hold."""
LIMIT = 10**MAX_DIGITS
WHOLE_FROM = 1e16
"""Where Python begins to write a float with an exponent and without a point."""
CONTAINERS = dict, list
"""A tuple, since `dict | list` would be made anew for each item."""
MAX_KEY = 200
"""Characters of a key that a caller sends."""
MAX_VALUES = 1_000_000
"""Values that a caller sends at once: members of objects and items of lists, on all levels."""


def parse(text: str | bytes, *, exact: bool = True) -> JsonValue:
    """Parse JSON and check it; what is wrong comes back as InvalidInput with the place of the fault."""
    value = loads(text, exact=exact)
    check(value)
    return value


def parse_bounded(text: str | bytes) -> JsonValue:
    """As ``parse``, for what a caller sends: within the bounds, too."""
    value = loads(text)
    require_bounds(value)
    check(value)
    return value


def loads(text: str | bytes, *, exact: bool = True) -> JsonValue:
    """Parse JSON whose parts are checked later, one by one. InvalidInput where it is not JSON.

    NaN and Infinity pass here, so that the check can say where they stand. ``exact`` is for what a caller
    sends: the digits of a number that no double holds are kept, for fields that are decimals, and an object
    that has a member twice is refused.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
        value: JsonValue = (
            json.loads(decoded, parse_float=number, object_pairs_hook=_object)
            if exact
            else json.loads(decoded)
        )
    except UnicodeDecodeError as error:
        raise InvalidInput(f"The JSON is not valid UTF-8 (byte {error.start + 1}).") from error
    except RecursionError as error:
        raise InvalidInput(f"The JSON is nested more than {MAX_DEPTH} levels deep.") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"This is not valid JSON: {error.msg} at character {error.pos}.") from error
    except ValueError as error:  # Python's limit of 4,300 digits
        raise InvalidInput(f"A number has more than {MAX_DIGITS} digits.") from error
    return value


def _object(members: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    made = dict(members)
    if len(made) == len(members):
        return made
    counts = Counter(key for key, _ in members)
    name = readable(counts.most_common(1)[0][0])[:MAX_KEY]
    fault = FieldError(name, "is given more than once")
    raise InvalidInput(f"The JSON has the member {name!r} more than once.", errors=[fault])


def require_few(text: bytes) -> None:
    """InvalidInput, before it is parsed, where a caller's JSON holds far more values than it may: parsed they
    would take thirty times its length. Commas and brackets in its texts count, too."""
    if len(text) > MAX_VALUES and sum(map(text.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise InvalidInput(f"The JSON has more than {MAX_VALUES} values.")


def require_bounds(value: JsonValue) -> None:
    """InvalidInput where a caller's JSON holds more than it costs little to refuse.

    Who finds faults notes the place of each: a long key would be noted as often as there are values below it.
    """
    left, containers = MAX_VALUES, [value]
    while containers:
        container = containers.pop()
        if isinstance(container, dict):
            if any(len(key) > MAX_KEY for key in container):
                raise InvalidInput(f"A key of the JSON has more than {MAX_KEY} characters.")
            inside: Collection[JsonValue] = container.values()
        else:
            inside = container if isinstance(container, list) else ()
        left -= len(inside)
        if left < 0:
            raise InvalidInput(f"The JSON has more than {MAX_VALUES} values.")
        containers += [item for item in inside if isinstance(item, CONTAINERS)]


def check(value: object, path: str = "") -> None:
    """Raise InvalidInput, naming the path, where ``value`` holds what cannot be stored and read back."""
    _Walk(path).check(value)


class _Walk:
    """Where in a value one is; a path is only made of it where there is a fault."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._trail: list[str | int] = []

    def check(self, value: object) -> None:
        if isinstance(value, str):
            self._check_text(value)
        elif isinstance(value, bool) or value is None:
            return
        elif isinstance(value, int | float):
            self._check_number(value)
        elif len(self._trail) >= MAX_DEPTH:
            raise self._unfit(f"must not be nested more than {MAX_DEPTH} levels deep")
        elif isinstance(value, dict):
            self._check_keys(value)
            self._check_items(value.items())
        elif isinstance(value, list | tuple):
            self._check_items(enumerate(value))
        else:
            raise self._unfit(f"must be a JSON value, not {type(value).__name__}")

    def _check_items(self, items: Iterable[tuple[str | int, object]]) -> None:
        self._trail.append(0)
        for place, item in items:
            self._trail[-1] = place
            self.check(item)
        self._trail.pop()

    def _check_keys(self, keys: Iterable[object]) -> None:
        for key in keys:
            if not isinstance(key, str):
                raise self._unfit(f"a key must be text, not {type(key).__name__}")
            self._check_text(key, what="a key")

    def _check_number(self, number: float) -> None:
        if isinstance(number, int):
            if abs(number) >= LIMIT:
                raise self._unfit(f"a number must have at most {MAX_DIGITS} digits")
        elif not math.isfinite(number):
            raise self._unfit("a number must be finite; use null where a value is missing")

    def _check_text(self, text: str, *, what: str = "text") -> None:
        if "\0" in text:
            raise self._unfit(f"{what} must not contain U+0000")
        if not text.isascii() and readable(text) != text:
            raise self._unfit(f"{what} must not contain a lone surrogate")

    def _unfit(self, message: str) -> InvalidInput:
        field = readable(dotted(self._trail, self._path)) or "value"
        return InvalidInput(f"{field}: {message}.", errors=[FieldError(field, message)])


def readable(text: str) -> str:
    """The text with a question mark for each lone surrogate, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


def canonical(value: JsonValue) -> str:
    """The one text of a value: keys sorted, no spaces, types kept (1, 1.0 and "1" stay apart).

    What JSONB cannot tell apart has one text: minus zero becomes zero, and a number from 1e16 on an integer,
    since JSONB gives 1e16 back as one.
    """
    return json.dumps(_as_stored(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _as_stored(value: JsonValue) -> JsonValue:
    if isinstance(value, float):
        is_whole = WHOLE_FROM <= abs(value) < LIMIT
        return int(Decimal(float.__repr__(value))) if is_whole else value + 0.0
    if isinstance(value, dict):
        return {key: _as_stored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_stored(item) for item in value]
    return value


def content_hash(value: JsonValue) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hash_of(canonical(value).encode())


def hash_of(text: bytes) -> str:
    """The content hash of a value whose canonical form this is."""
    return hashlib.sha256(text).hexdigest()
