"""An answer's body as one output per row: CSV, JSON or JSON Lines, whichever it announces."""

import csv
import io
import json
import re
from typing import Literal

from pydantic import JsonValue

from app.backends.wire.announced import bare, is_page, is_text, kind_of, readable
from app.backends.wire.formats import ContentType
from app.core import strict_json
from app.core.errors import BadOutput, InvalidInput

Output = JsonValue | BadOutput
CsvReply = Literal["lines", "one_line"]

WRAPPERS = ("predictions", "scores", "projections")
"""Keys under which an application/json answer may hold its list: TensorFlow Serving and most built-in
algorithms say predictions, Random Cut Forest scores, PCA projections (SageMaker's algorithm pages)."""

OF_JSON = ",[{"
"""Each value but the first has one of these before it. There are some in texts, too."""
SEPARATORS: dict[ContentType, str] = {
    "text/csv": ",\n",
    "application/json": OF_JSON,
    "application/jsonlines": f"{OF_JSON}\n",
}

# Digits after a leading zero are a label ("007"), not a number.
_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NO_CSV = re.compile(r"\s*(?:[{\[]|<!|<\?|<html)", re.IGNORECASE)
_NOT_A_NUMBER = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


def decode(
    body: bytes,
    content_type: str,
    expected: int,
    *,
    csv_reply: CsvReply = "lines",
    key: str | None = None,
    otherwise: ContentType | None = None,
) -> list[Output]:
    """One output per row, by the content type the answer announces; ``otherwise`` where that tells nothing.

    A row whose own answer is unusable (NaN, an empty cell, broken JSON in JSON Lines) holds a BadOutput.
    Raises BadOutput where the rows cannot be told apart, or are not ``expected`` in number. ``csv_reply``
    "one_line" reads a single CSV line as one value per row; ``key`` is where an answer in JSON has its list.
    """
    kind = readable(content_type, otherwise)
    text = _text(body, SEPARATORS[kind])
    if kind == "application/json":
        outputs = _under(_json(text), key, expected) if key else _from_json(text)
    elif kind == "text/csv":
        outputs = _from_csv_line(text) if csv_reply == "one_line" else _from_csv(text)
    else:
        outputs = _from_json_lines(text)
    if len(outputs) != expected:
        raise BadOutput(f"The model answered {len(outputs)} rows for {expected}.")
    return outputs


def decode_whole(
    body: bytes, content_type: str, *, key: str | None = None, otherwise: ContentType | None = None
) -> Output:
    """The one output of an answer to a payload, which is all of it.

    JSON as it is, or what it has under ``key``; a line of CSV or of JSON Lines as if it were a row's, several
    as a list of them; other text as a text.
    """
    kind = kind_of(content_type) or otherwise
    if kind is None and is_text(content_type):
        return usable(_text(body, "").rstrip("\r\n"))
    kind = readable(content_type, otherwise)
    text = _text(body, SEPARATORS[kind])
    if kind == "application/json":
        answer = _json(text)
        return usable(_at(answer, key) if key else answer)
    return _sole(_from_csv(text) if kind == "text/csv" else _from_json_lines(text))


def json_object(body: bytes, content_type: str, otherwise: ContentType | None = None) -> dict[str, JsonValue]:
    """An answer that has to be a JSON object, for what ``decode`` cannot read; BadOutput where it is none.

    NaN passes: ``usable`` finds it, value by value.
    """
    if (kind_of(content_type) or otherwise) != "application/json" or is_page(content_type):
        name = bare(content_type)
        raise BadOutput(f"The platform answered {name[:100]!r}; application/json was expected.")
    answer = _json(_text(body, OF_JSON))
    if not isinstance(answer, dict):
        raise BadOutput("The platform's JSON is no object.")
    return answer


def _at(answer: JsonValue, key: str) -> JsonValue:
    if not isinstance(answer, dict) or key not in answer:
        raise BadOutput("The model's answer has nothing under the answer_key of the options.")
    return answer[key]


def _under(answer: JsonValue, key: str, expected: int) -> list[Output]:
    found = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(found, list) or len(found) != expected:
        raise BadOutput(f"The model's answer has no list of {expected} under the answer_key of the options.")
    return [usable(item) for item in found]


def _sole(outputs: list[Output]) -> Output:
    for output in outputs:
        if isinstance(output, BadOutput):
            return output
    return outputs[0] if len(outputs) == 1 else usable(outputs)  # type: ignore[arg-type]


def _text(body: bytes, separators: str) -> str:
    """The answer; BadOutput where it holds more than can be read: a byte may become a hundred in memory."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadOutput("The model's answer is not valid UTF-8.") from error
    if not text.strip():
        raise BadOutput("The model answered with an empty body.")
    if sum(map(text.count, separators)) > strict_json.MAX_VALUES:
        said = f"The model's answer has more than {strict_json.MAX_VALUES} values"
        raise BadOutput(f"{said}: fewer rows in a call may help, by the option max_rows.")
    return text


def _from_csv(text: str) -> list[Output]:
    return [of_cells(cells) for cells in _csv_lines(text)]


def _from_csv_line(text: str) -> list[Output]:
    lines = _csv_lines(text)
    if len(lines) != 1:
        raise BadOutput(f"The model answered {len(lines)} CSV lines where one was configured.")
    return [usable(_scalar(cell)) for cell in lines[0]]


def _csv_lines(text: str) -> list[list[str]]:
    if _NO_CSV.match(text):
        raise BadOutput("The model announced CSV and answered something else (JSON, or a page).")
    try:
        lines = csv.reader(io.StringIO(text.rstrip("\r\n"), newline=""), skipinitialspace=True, strict=True)
        return list(lines)
    except csv.Error as error:
        raise BadOutput(f"The model's answer is broken CSV: {error}.") from error


def of_cells(cells: list[str]) -> Output:
    """One row's output from its cells as text: the one value, or a list of them."""
    values = [_scalar(cell) for cell in cells or [""]]
    for value in values:
        if isinstance(value, BadOutput):
            return value
    return usable(values[0] if len(values) == 1 else values)  # type: ignore[arg-type]


def _scalar(cell: str) -> Output:
    text = cell.strip()
    if not text:
        return BadOutput("The model answered an empty cell.")
    if _NOT_A_NUMBER.fullmatch(text):
        return BadOutput(f"The model answered {text}.")
    if _INTEGER.fullmatch(text) and len(text) <= strict_json.MAX_DIGITS:
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _from_json(text: str) -> list[Output]:
    answer = _json(text)
    if isinstance(answer, dict):
        found = [answer[key] for key in WRAPPERS if key in answer]
        answer = found[0] if len(found) == 1 else None
    if not isinstance(answer, list):
        keys = ", ".join(WRAPPERS)
        raise BadOutput(f"The model's JSON is neither a list nor an object with one of: {keys}.")
    return [usable(item) for item in answer]


def _json(text: str) -> JsonValue:
    """Lenient with NaN, so that one row's does not spoil the others."""
    try:
        answer: JsonValue = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadOutput("The model announced JSON; its answer is not valid, or not whole.") from error
    return answer


def _from_json_lines(text: str) -> list[Output]:
    return [_json_lines_output(line) for line in text.strip("\r\n").split("\n")]


def _json_lines_output(line: str) -> Output:
    try:
        return strict_json.parse(line, exact=False)
    except InvalidInput as error:
        return BadOutput(f"The model's answer for this row cannot be read: {error.detail}")


def usable(value: Output) -> Output:
    """The value, or why it cannot be kept: NaN, say."""
    if isinstance(value, BadOutput):
        return value
    try:
        strict_json.check(value)
    except InvalidInput as error:
        return BadOutput(f"The model's answer for this row cannot be kept: {error.detail}")
    return value
