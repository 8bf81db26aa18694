"""The records of a file that need no look, ready to be copied; all others are left to the careful way.

Nine in ten of what a bulk import costs is looking for what hardly any line has. See schemas.values.plain.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from pydantic import AwareDatetime, TypeAdapter

from app.core.strict_json import hash_of
from app.db.records.imports import framed
from app.schemas.values.plain import SCALARS, Plain, adapter_of
from app.services.use_case import UseCase

Given: TypeAlias = tuple[int, object, object, object, object]
"""A line's number, and what it has for id, input, label and observed_at; None is nothing."""

PLAIN_ID = re.compile(r"[!-\-/-~](?:[ -~]{0,198}[!-~])?")
"""Ids of ASCII that can be seen, without a blank at an end or a dot in front: no look finds a fault in them."""
MOMENT: TypeAdapter[object] = TypeAdapter(AwareDatetime)


class Plainly:
    """Takes records of a use case, each as ``way`` does: from the cells of a CSV, or out of JSON."""

    def __init__(self, use_case: UseCase, way: Callable[[TypeAdapter[object]], Plain | None]) -> None:
        self._inputs = way(adapter_of(use_case.input_type))
        label_type = use_case.label_type  # one with members is dumped in other ways than an input
        self._labels = way(label_type) if label_type.core_schema["type"] in SCALARS else None
        self._moments = way(MOMENT)

    def frames(self, given: Sequence[Given]) -> list[bytes | None]:
        """A frame for each, or None where the careful way has to say what it is."""
        inputs = _texts(self._inputs, [one[2] for one in given])
        labels = _texts(self._labels, [one[3] for one in given])
        moments = _texts(self._moments, [one[4] for one in given])
        return [*map(_frame, given, inputs, labels, moments)]


def _texts(plain: Plain | None, values: Sequence[object]) -> Sequence[bytes | None]:
    if plain is None or all(value is None for value in values):
        return [None] * len(values)
    return plain.texts(values)


def _frame(given: Given, text: bytes | None, label: bytes | None, moment: bytes | None) -> bytes | None:
    number, record_id, _, given_label, given_moment = given
    if text is None or (label is None and given_label is not None):
        return None
    if not isinstance(record_id, str) or not PLAIN_ID.fullmatch(record_id):
        return None
    if moment is None and given_moment is not None:
        return None
    return framed((number, record_id, text, hash_of(text), label, moment and moment.strip(b'"')))
