"""Core ML's one-hot encoder (OneHotEncoder.proto), and what becomes of rows that it does not take."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from app.backends.coreml.trees import Matrix
from app.backends.coreml.wire import Message, UnusableModel
from app.backends.wire.replies import Output
from app.core.errors import BackendError, BackendRejected

Encoder: TypeAlias = Callable[[Matrix | list[Output]], Matrix]


class RefusedRows(Exception):
    """Why rows, by their index, cannot pass a step; the others can pass it without them."""

    def __init__(self, faults: Mapping[int, BackendError]) -> None:
        super().__init__(f"{len(faults)} rows")
        self.faults = faults


def one_hot_encoder(body: Message) -> Encoder:
    """A column of texts or integers as one column per category, which holds 1 where the value is it.

    An unknown value is all zeros, or its row is refused, as the model says. So is a row that has no value:
    RefusedRows names all of them.
    """
    categories: Sequence[Output] = body.message(1).texts(1) if 1 in body else body.message(2).integers(1)
    fails = body.integer(11) == 0

    def encoded(column: Matrix | list[Output]) -> Matrix:
        values = _values(column)
        hits = [[value == category for category in categories] for value in values]
        faults: dict[int, BackendError] = {}
        for index, (value, line) in enumerate(zip(values, hits, strict=True)):
            if isinstance(value, BackendError):
                faults[index] = value
            elif fails and not any(line):
                faults[index] = BackendRejected("A value is none of the categories that the model knows.")
        if faults:
            raise RefusedRows(faults)
        return np.array(hits, dtype=np.float64).reshape(len(values), len(categories))

    return encoded


def _values(column: Matrix | list[Output]) -> list[Output]:
    if isinstance(column, list):
        return column
    if column.shape[1] != 1:
        raise UnusableModel(f"a one-hot encoder is given {column.shape[1]} columns")
    numbers: list[Output] = column[:, 0].tolist()
    return numbers
