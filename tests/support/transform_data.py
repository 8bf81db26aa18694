"""What SageMaker does to the lines of a transform job with DataProcessing, as AWS's pages on it say.

The paths are those that are documented: ``$``, ``$.name``, ``$['a','b']``, ``$[1:]``, ``$[0,5:]``.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True)
class Processing:
    """The structure of a job; without one, lines and answers stay as they are."""

    kind: str
    asked: Mapping[str, str]

    def to_the_model(self, line: str) -> str:
        return line if not self.asked else self._written(_chosen(self._read(line), self.asked["InputFilter"]))

    def joined(self, line: str, answer: str) -> str:
        """The line of the output."""
        if not self.asked:
            return answer
        whole = _both(self._read(line), self._read(answer))
        return self._written(_chosen(whole, self.asked["OutputFilter"]))

    def _read(self, line: str) -> JsonValue:
        if self.kind == "text/csv":  # "each row is taken as a JSON array"
            return list(next(csv.reader([line])))
        value: JsonValue = json.loads(line)
        return value

    def _written(self, value: JsonValue) -> str:
        if self.kind != "text/csv":
            return json.dumps(value)
        assert isinstance(value, list)
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(value)
        return text.getvalue()


def _both(line: JsonValue, answer: JsonValue) -> JsonValue:
    if isinstance(line, list) and isinstance(answer, list):
        return [*line, *answer]
    about = line if isinstance(line, dict) else {"SageMakerInput": line}
    return about | {"SageMakerOutput": answer}


def _chosen(value: JsonValue, path: str) -> JsonValue:
    if path == "$":
        return value
    if named := re.fullmatch(r"\$\.(\w+)", path):
        assert isinstance(value, dict)
        return value[named[1]]
    inside = re.fullmatch(r"\$\[(.+)\]", path)
    assert inside, path
    parts = inside[1].split(",")
    if isinstance(value, dict):
        return {part.strip("'"): value[part.strip("'")] for part in parts}
    assert isinstance(value, list)
    return [one for part in parts for one in _of_list(value, part)]


def _of_list(value: Sequence[JsonValue], part: str) -> Sequence[JsonValue]:
    start, colon, end = part.partition(":")
    if colon:
        assert int(start or 0) < len(value), "an index beyond the joined row is an error"
        return value[int(start or 0) : int(end) if end else None]
    return [value[int(start)]]
