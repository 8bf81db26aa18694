"""Rows as a request body: CSV, JSON or JSON Lines.

CSV has no header unless one is asked for. A null is an empty cell, a boolean is 1 or 0 (what numeric readers
take), text is quoted only where a reader would misread it otherwise; an empty text is ``""``.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from app.core.errors import UserCodeError
from app.schemas.rows import Row

ContentType = Literal["text/csv", "application/json", "application/jsonlines"]

RowForm = Literal["lists", "objects", "features", "values"]
"""What a row is as JSON: a list; an object by the features' names; or an object that has the list under
features, or under data.features.values, as SageMaker's built-in algorithms read it ("Common data formats for
inference")."""

ROWS = "\0rows"
"""Stands for the list of rows in an envelope."""

_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$|^$')


class RequestFormat:
    """How rows become a body. ``envelope`` is what application/json carries, with ROWS where the list of rows
    belongs; default the bare list. ``form`` is that of JSON rows, ``header`` a first line of text/csv."""

    def __init__(
        self,
        content_type: ContentType,
        features: Sequence[str],
        *,
        envelope: Mapping[str, JsonValue] | None = None,
        form: RowForm = "lists",
        header: bool = False,
    ) -> None:
        self._features = features
        self._text = _csv_line if content_type == "text/csv" else self._json_text(form)
        self._head, self._separator, self._tail = b"", b"\n", b""
        if header:
            self._head = self.row(features) + b"\n"
        if content_type == "application/json":
            around = json.dumps(envelope or ROWS, separators=(",", ":"))
            head, tail = around.encode().split(json.dumps(ROWS).encode())
            self._head, self._separator, self._tail = head + b"[", b",", b"]" + tail

    @property
    def overhead(self) -> int:
        """Bytes of a body beside its rows."""
        return len(self._head) + len(self._tail)

    def row(self, row: Row) -> bytes:
        """One row's text. UserCodeError names the feature that the format cannot carry: no caller made it."""
        try:
            return self._text(row).encode()
        except (ValueError, TypeError) as error:
            raise UserCodeError(f"preprocess made what cannot be sent. {self._fault(row)}") from error

    def body(self, rows: Sequence[Row]) -> bytes:
        """The request body of all rows, in order."""
        return self._head + self._separator.join(map(self.row, rows)) + self._tail

    def _json_text(self, form: RowForm) -> Callable[[Row], str]:
        match form:
            case "objects":
                return lambda row: _json(dict(zip(self._features, row, strict=False)))
            case "features":
                return lambda row: _json({"features": [*row]})
            case "values":
                return lambda row: _json({"data": {"features": {"values": [*row]}}})
        return _json_line

    def _fault(self, row: Row) -> str:
        for index, value in enumerate(row):
            name = self._features[index] if index < len(self._features) else f"column {index + 1}"
            try:
                self._text([value]).encode()
            except UnicodeEncodeError:
                return f"The feature {name!r} holds a lone surrogate."
            except (ValueError, TypeError) as error:
                return f"The feature {name!r} cannot be sent: {error}."
        raise AssertionError("the row failed, so one of its cells does")


def _csv_line(row: Row) -> str:
    return ",".join(map(_csv_cell, row)) or '""'  # an empty line is no row to a reader


def _csv_cell(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and math.isfinite(value):
        return float.__repr__(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"' if _NEEDS_QUOTES.search(value) else value
    if value is None:
        return ""
    if isinstance(value, float):
        raise ValueError("numbers must be finite; use null where a value is missing")
    raise TypeError(f"text/csv has no place for a {type(value).__name__}")


def _json_line(row: Row) -> str:
    return _json(list(row))


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
