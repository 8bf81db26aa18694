"""Outputs as tensors, and the answer that they are in."""

import json
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring
from typing import NamedTuple

from app.core.errors import UserCodeError
from app.schemas.predictions.protocol import Datatype, TensorMetadata
from app.services.predictions.predictor import Answer
from app.services.use_case import UseCase

PREDICTION, INPUT = "prediction", "record_id"
INT64 = range(-(2**63), 2**63)
BOOLS = {"true": True, "false": False}
OF_SCALARS: Mapping[type, Datatype] = {bool: "BOOL", int: "INT64", float: "FP64"}
CODES = {"BOOL": "?", "INT64": "q", "FP64": "d"}
"""As ``struct`` has them."""


class Extra(NamedTuple):
    """An output beside the prediction: what it says of each."""

    datatype: Datatype
    say: Callable[[Answer], str]


EXTRAS: Mapping[str, Extra] = {
    "cached": Extra("BOOL", lambda one: "true" if one.cached else "false"),
    "cache": Extra("BYTES", lambda one: one.cache),
    "version": Extra("BYTES", lambda one: one.version),
    "revision": Extra("BYTES", lambda one: one.revision),
    "content_hash": Extra("BYTES", lambda one: one.content_hash),
    "computed_at": Extra("BYTES", lambda one: f"{one.computed_at.isoformat(timespec='microseconds')[:-6]}Z"),
}
"""By name; times are in UTC."""


class OutputColumn(NamedTuple):
    """An output: a text for each element. Of BYTES it is the element, of others what it is in JSON."""

    name: str
    datatype: Datatype
    texts: Sequence[str]
    is_binary: bool


def datatype_of(use_case: UseCase) -> Datatype:
    """Of predictions, by what ``postprocess`` says that it returns: BYTES of JSON if that may be anything."""
    return OF_SCALARS[use_case.scalar] if use_case.scalar else "BYTES"


def given(use_case: UseCase) -> list[TensorMetadata]:
    """All outputs that may be asked for."""
    named = {PREDICTION: datatype_of(use_case)} | {name: one.datatype for name, one in EXTRAS.items()}
    return [TensorMetadata(name=name, datatype=datatype, shape=[-1]) for name, datatype in named.items()]


def taken() -> list[TensorMetadata]:
    return [TensorMetadata(name=INPUT, datatype="BYTES", shape=[-1])]


def answer(
    said: Mapping[str, object], columns: Sequence[OutputColumn], *, is_column: bool
) -> tuple[bytes, int | None]:
    """The body, and how much of it is JSON where the rest is not. ``is_column``: the shape is [n, 1]."""
    head = json.dumps(said)
    written = [_written(one, is_column=is_column) for one in columns]
    text = f'{head[:-1]},"outputs":[{",".join(text for text, _ in written)}]}}'.encode()
    behind = [more for _, more in written if more is not None]
    return b"".join((text, *behind)), len(text) if behind else None


def _written(column: OutputColumn, *, is_column: bool) -> tuple[str, bytes | None]:
    """The output as JSON, and what goes behind it."""
    shape = f"[{len(column.texts)}{',1' if is_column else ''}]"
    begun = f'{{"name":"{column.name}","datatype":"{column.datatype}","shape":{shape},'
    if column.is_binary:
        behind = _packed(column)
        return f'{begun}"parameters":{{"binary_data_size":{len(behind)}}}}}', behind
    told = map(encode_basestring, column.texts) if column.datatype == "BYTES" else _checked(column)
    return f'{begun}"data":[{",".join(told)}]}}', None


def _packed(column: OutputColumn) -> bytes:
    if column.datatype == "BYTES":
        return b"".join(_elements(column.texts))
    return struct.pack(f"<{len(column.texts)}{CODES[column.datatype]}", *_values(column))


def _elements(texts: Sequence[str]) -> Iterator[bytes]:
    for text in texts:
        element = text.encode()
        yield len(element).to_bytes(4, "little")
        yield element


def _checked(column: OutputColumn) -> Sequence[str]:
    """What is JSON already, where each is of the datatype."""
    _values(column)
    return column.texts


def _values(column: OutputColumn) -> list[bool] | list[int] | list[float]:
    """UserCodeError where one is not what postprocess says of all."""
    try:
        match column.datatype:
            case "BOOL":
                return [BOOLS[text] for text in column.texts]
            case "INT64":
                return [*map(_int64, column.texts)]
        return [*map(_double, column.texts)]
    except (KeyError, ValueError) as error:
        said = "postprocess says by its annotation what predictions are, and one is something else"
        raise UserCodeError(f"No {column.datatype} can be made of a prediction: {said}.") from error


def _int64(text: str) -> int:
    value = int(text)
    if value not in INT64:
        raise ValueError
    return value


def _double(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value
