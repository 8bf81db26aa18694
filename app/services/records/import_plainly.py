"""The records of a file that need no look, ready to be copied; all others are left to the careful way.

Nine in ten of what a bulk import costs is looking for what hardly any line has. See schemas.values.plain.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import cast

from pydantic import AwareDatetime, TypeAdapter

from app.core.errors import InvalidInput
from app.core.strict_json import hash_of
from app.db.records.imports import CopyColumns, framed
from app.schemas.access.callers import CURRENT
from app.schemas.values.plain import SCALARS, Plain
from app.services.use_case import UseCase

PLAIN_ID = re.compile(r"[!-\-/-~](?:[ -~]{0,198}[!-~])?")
"""Ids of visible ASCII, without a blank at an end or a dot in front: no look finds a fault in them."""
MOMENT: TypeAdapter[object] = TypeAdapter(AwareDatetime)


@dataclass(frozen=True)
class Given:
    """What records hold, part by part: an item for each record, in order. None is nothing."""

    lines: Sequence[int]
    ids: Sequence[object]
    payloads: Sequence[bytes | None]
    """JSON, as it is stored; None where the record has to be looked at."""
    labels: Sequence[object]
    observed_at: Sequence[object]


class Plainly:
    """Takes records of a use case; of truths and times what ``way`` takes: cells of a CSV, or JSON."""

    def __init__(self, use_case: UseCase, way: Callable[[TypeAdapter[object]], Plain | None]) -> None:
        self._use_case = use_case
        label_type = use_case.label_type  # one with members is dumped in other ways than an input
        self._labels = way(label_type) if label_type.core_schema["type"] in SCALARS else None
        self._moments = way(MOMENT)

    def frames(self, given: Given) -> list[bytes | None]:
        """A frame for each, or None where the careful way has to say what it is."""
        labels, moments = texts_of(self._labels, given.labels), texts_of(self._moments, given.observed_at)
        fits = [*map(_fits, given.ids, given.payloads)]
        if (caller := CURRENT.get()).record_prefix:
            fits = [fit and caller.knows_record(str(one)) for fit, one in zip(fits, given.ids, strict=True)]
        for values, texts in ((given.labels, labels), (given.observed_at, moments)):
            if None in texts:  # nothing, or what has to be looked at?
                fits = [
                    fit and (text is not None or value is None)
                    for fit, text, value in zip(fits, texts, values, strict=True)
                ]
        own_models = self._own_models(given.payloads, fits)
        framed = iter(_framed(given, labels, moments, own_models, fits))
        return [next(framed) if fit else None for fit in fits]

    def _own_models(self, payloads: Sequence[bytes | None], fits: list[bool]) -> Sequence[str | None]:
        """By the user's code, which takes an input that has been read; what it cannot name does not fit."""
        names: list[str | None] = [None] * len(fits)
        if self._use_case.model_for is None:
            return names
        for place, payload in enumerate(payloads):
            if fits[place] and payload is not None:
                try:
                    names[place] = self._use_case.own_model(self._use_case.parse(json.loads(payload)))
                except InvalidInput:
                    fits[place] = False
        return names


def _fits(record_id: object, payload: bytes | None) -> bool:
    return payload is not None and isinstance(record_id, str) and PLAIN_ID.fullmatch(record_id) is not None


def _framed(
    given: Given,
    labels: Sequence[bytes | None],
    moments: Sequence[bytes | None],
    own_models: Sequence[str | None],
    fits: Sequence[bool],
) -> list[bytes]:
    """Those that fit."""
    payloads = cast(list[bytes], [*compress(given.payloads, fits)])
    return framed(
        CopyColumns(
            [*compress(given.lines, fits)],
            cast(list[str], [*compress(given.ids, fits)]),
            payloads,
            [*map(hash_of, payloads)],
            [*compress(labels, fits)],
            [None if moment is None else moment[1:-1] for moment in compress(moments, fits)],
            [*compress(own_models, fits)],
        )
    )


def texts_of(plain: Plain | None, values: Sequence[object]) -> Sequence[bytes | None]:
    """None for each where the type cannot be taken so."""
    if plain is None or values.count(None) == len(values):
        return [None] * len(values)
    return plain.texts(values)
