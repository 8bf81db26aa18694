"""The records of a file that need no look, ready to be copied; all others are left to the careful way.

Nine in ten of what a bulk import costs is looking for what hardly any line has. See schemas.values.plain.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import AwareDatetime, TypeAdapter

from app.core.strict_json import hash_of
from app.db.records.imports import framed
from app.schemas.values.plain import SCALARS, Plain, adapter_of
from app.services.use_case import UseCase

PLAIN_ID = re.compile(r"[!-\-/-~](?:[ -~]{0,198}[!-~])?")
"""Ids of visible ASCII, without a blank at an end or a dot in front: no look finds a fault in them."""
MOMENT: TypeAdapter[object] = TypeAdapter(AwareDatetime)


@dataclass(frozen=True)
class Given:
    """What records hold, part by part: an item for each record, in order. None is nothing."""

    lines: Sequence[int]
    ids: Sequence[object]
    inputs: Sequence[object]
    labels: Sequence[object]
    observed_at: Sequence[object]


class Plainly:
    """Takes records of a use case, each as ``way`` does: from the cells of a CSV, or out of JSON."""

    def __init__(self, use_case: UseCase, way: Callable[[TypeAdapter[object]], Plain | None]) -> None:
        self._inputs = way(adapter_of(use_case.input_type))
        label_type = use_case.label_type  # one with members is dumped in other ways than an input
        self._labels = way(label_type) if label_type.core_schema["type"] in SCALARS else None
        self._moments = way(MOMENT)

    def frames(self, given: Given) -> list[bytes | None]:
        """A frame for each, or None where the careful way has to say what it is."""
        inputs, labels = _texts(self._inputs, given.inputs), _texts(self._labels, given.labels)
        moments = _texts(self._moments, given.observed_at)
        frames = [*map(_frame, given.lines, given.ids, inputs, labels, moments)]
        for values, texts in ((given.labels, labels), (given.observed_at, moments)):
            if any(text is None for text in texts):  # nothing, or what has to be looked at?
                frames = [
                    None if text is None and value is not None else frame
                    for frame, value, text in zip(frames, values, texts, strict=True)
                ]
        return frames


def _texts(plain: Plain | None, values: Sequence[object]) -> Sequence[bytes | None]:
    if plain is None or values.count(None) == len(values):
        return [None] * len(values)
    return plain.texts(values)


def _frame(
    line: int, record_id: object, payload: bytes | None, label: bytes | None, observed_at: bytes | None
) -> bytes | None:
    if payload is None or not isinstance(record_id, str) or not PLAIN_ID.fullmatch(record_id):
        return None
    moment = None if observed_at is None else observed_at[1:-1]
    return framed(line, record_id, payload, hash_of(payload), label, moment)
