"""Requests and answers of a container, record by record: as CSV, or as JSON Lines."""

import csv
import io
import json
from typing import TypeAlias

from pydantic import JsonValue

from app.local.endpoint.errors import validation_error

CSV, JSON_LINES = "text/csv", "application/jsonlines"

Cells: TypeAlias = list[JsonValue]


def kind_of(media_type: str | None) -> str:
    """ValidationError for what Clarify does not read."""
    kind = (media_type or "").partition(";")[0].strip().lower()
    if kind not in (CSV, JSON_LINES):
        raise validation_error(f"The explainer supports {CSV} and {JSON_LINES}, not {kind or 'nothing'}.")
    return kind


def rows(body: bytes, kind: str) -> list[Cells]:
    """The features of each record of a request."""
    if kind == CSV:
        return [[*cells] for cells in csv.reader(io.StringIO(body.decode()))]
    return [_features(json.loads(line)) for line in body.decode().splitlines() if line]


def request(given: list[Cells], kind: str) -> bytes:
    """A request for these records."""
    if kind == JSON_LINES:
        return "\n".join(map(json.dumps, given)).encode()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(given)
    return text.getvalue().encode()


def outputs(body: str, kind: str) -> list[JsonValue]:
    """Each record's output: of CSV a list of its values, numbers as such."""
    if kind == CSV:
        return [[_value(cell) for cell in cells] for cells in csv.reader(io.StringIO(body))]
    return [json.loads(line) for line in body.splitlines() if line]


def _features(line: JsonValue) -> Cells:
    found = line.get("features") if isinstance(line, dict) else line
    if not isinstance(found, list):
        raise validation_error("A line of the request is no list of features.")
    return found


def _value(cell: str) -> JsonValue:
    try:
        return float(cell)
    except ValueError:
        return cell
