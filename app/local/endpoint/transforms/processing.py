"""What SageMaker does to the lines of a transform job with DataProcessing, as AWS's pages on it say.

The paths are those that are documented: ``$``, ``$.name``, ``$['a','b']``, ``$[1:]``, ``$[0,5:]``.
"""

import csv
import io
import json
import re
from collections.abc import Sequence

from pydantic import JsonValue

from app.local.endpoint.transforms.shapes import DataProcessingShape

_INDEX, _SLICE = r"-?\d+", r"-?\d*:-?\d*"
_OF_A_LIST = re.compile(rf"\$\[((?:{_SLICE}|{_INDEX})(?:,(?:{_SLICE}|{_INDEX}))*)\]")
_OF_AN_OBJECT = re.compile(r"\$(?:\.(\w+)|\[('\w+'(?:,'\w+')*)\])")


class CannotProcess(Exception):
    """A line, or a path, that a job cannot do anything with. The job fails and says so."""


class LineProcessing:
    """Of one job, whose input is of this kind; answers are of the same."""

    def __init__(self, kind: str, asked: DataProcessingShape) -> None:
        """CannotProcess: a path that is none."""
        self._csv, self._asked = kind == "text/csv", asked
        for path in (asked.input_filter, asked.output_filter):
            known = _OF_A_LIST.fullmatch(path) or (not self._csv and _OF_AN_OBJECT.fullmatch(path))
            if path != "$" and not known:
                raise CannotProcess(f"The JSONPath {path!r} is not supported for {kind}.")

    @property
    def is_needed(self) -> bool:
        return self._asked != DataProcessingShape()

    def to_the_model(self, line: str) -> str:
        if self._asked.input_filter == "$":
            return line
        return self._written(chosen(self._read(line), self._asked.input_filter))

    def joined(self, line: str, answer: str) -> str:
        """The line of the output."""
        found = self._read(answer)
        if self._asked.join_source == "Input":
            found = _both(self._read(line), found)
        return self._written(chosen(found, self._asked.output_filter))

    def _read(self, line: str) -> JsonValue:
        try:
            if self._csv:  # "each row is taken as a JSON array"
                return list(next(csv.reader([line])))
            value: JsonValue = json.loads(line)
        except (ValueError, StopIteration) as error:
            raise CannotProcess("A line is not of the content type that was announced.") from error
        return value

    def _written(self, value: JsonValue) -> str:
        if not self._csv:
            return json.dumps(value)
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return text.getvalue()


def chosen(value: JsonValue, path: str) -> JsonValue:
    """What a path chooses. CannotProcess where that is not there."""
    if path == "$":
        return value
    try:
        if listed := _OF_A_LIST.fullmatch(path):
            assert isinstance(value, list)
            return [one for part in listed[1].split(",") for one in _of_list(value, part)]
        named = _OF_AN_OBJECT.fullmatch(path)
        assert named
        assert isinstance(value, dict)
        if named[1]:
            return value[named[1]]
        return {name: value[name] for name in re.findall(r"\w+", named[2])}
    except (AssertionError, LookupError) as error:
        raise CannotProcess(f"A line has nothing at the JSONPath {path!r}.") from error


def _both(line: JsonValue, answer: JsonValue) -> JsonValue:
    if isinstance(line, list) and isinstance(answer, list):
        return [*line, *answer]
    about = line if isinstance(line, dict) else {"SageMakerInput": line}
    return about | {"SageMakerOutput": answer}


def _of_list(value: Sequence[JsonValue], part: str) -> Sequence[JsonValue]:
    start, colon, end = part.partition(":")
    if not colon:
        return [value[int(start)]]
    if int(start or 0) >= len(value):
        raise IndexError(part)
    return value[int(start or 0) : int(end) if end else None]
