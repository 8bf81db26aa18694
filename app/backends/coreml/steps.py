"""What the steps of a Core ML model compute: a matrix of rows in, a matrix out.

Meanings and field numbers are those of the format's reference ("Core ML Model Format", one page per type).
Where it leaves a combination open, the model is refused (UnusableModel) rather than guessed at.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from scipy.special import expit, ndtr, softmax

from app.backends.coreml.trees import Matrix, Trees
from app.backends.coreml.wire import Message, UnusableModel

MatrixTransform: TypeAlias = Callable[[Matrix], Matrix]
Labels: TypeAlias = Sequence[str] | Sequence[int]


def scaler(body: Message) -> MatrixTransform:
    """scaleValue * (x + shiftValue), each one value or one per column."""
    shift, scale = body.reals(1), body.reals(2)

    def scaled(rows: Matrix) -> Matrix:
        return _per_column(scale, 1.0, rows) * (rows + _per_column(shift, 0.0, rows))

    return scaled


def imputer(body: Message) -> MatrixTransform:
    """Replaces one value, NaN where none is named, by a number or by one per column."""
    if set(body) & {3, 6, 7, 13}:
        raise UnusableModel("its imputer works on texts or dictionaries; numbers are supported")
    fixed = np.array([float(number) for number in (*body.message(5).integers(1), *body.integers(2))])
    fill = np.concatenate([body.reals(1), body.message(4).reals(1), fixed])
    replaced = float(body.integer(12)) if 12 in body else body.real(11) if 11 in body else np.nan

    def imputed(rows: Matrix) -> Matrix:
        missing = np.isnan(rows) if np.isnan(replaced) else rows == replaced
        return np.where(missing, _per_column(fill, 0.0, rows), rows)

    return imputed


def array_feature_extractor(body: Message) -> MatrixTransform:
    """The columns with the given indexes."""
    indexes = body.integers(1)

    def extracted(rows: Matrix) -> Matrix:
        if not all(0 <= index < rows.shape[1] for index in indexes):
            raise UnusableModel("its array feature extractor takes a column that is not there")
        return rows[:, indexes]

    return extracted


def glm_regressor(body: Message) -> MatrixTransform:
    """A weighted sum per output, then nothing (0), the logistic function (1) or the normal's (2)."""
    scores, link = _weighted_sums(body), body.integer(3)
    if link not in (0, 1, 2):
        raise UnusableModel(f"its postEvaluationTransform {link} is unknown")
    return scores if link == 0 else _then(scores, _logistic if link == 1 else _normal)


def tree_ensemble_regressor(body: Message) -> MatrixTransform:
    """The trees' sum, then nothing (0) or the logistic function (2)."""
    trees, transform = Trees(body.message(1)), body.integer(2)
    if transform not in (0, 2):
        raise UnusableModel(f"its postEvaluationTransform {transform} is not one of a regressor")
    return trees if transform == 0 else _then(trees, _logistic)


def glm_classifier(body: Message) -> tuple[Labels, MatrixTransform]:
    """The labels, and a function that gives each row's probabilities.

    One vs rest gives each class its own weights; they are made to sum to 1. Otherwise the first class is the
    reference, and the others are weighed against it. Two classes need one weighted sum either way.
    """
    labels, sums, probit = _labels(body), len(body.messages(1)), body.integer(3) == 1
    scores, link = _weighted_sums(body), _normal if probit else _logistic
    if len(labels) == 2 and sums == 1:
        return labels, _then(scores, lambda rows: _two_classes(link(rows)))
    if body.integer(4) == 1 and sums == len(labels):
        return labels, _then(scores, lambda rows: _summing_to_one(link(rows)))
    if body.integer(4) == 0 and sums == len(labels) - 1 and not probit:
        return labels, _then(scores, _softmax_with_reference)
    raise UnusableModel(f"its {sums} weighted sums do not fit {len(labels)} classes in that encoding")


def tree_ensemble_classifier(body: Message) -> tuple[Labels, MatrixTransform]:
    """The labels, and a function that gives each row's probabilities.

    Two classes may have one dimension, the second class's.
    """
    labels, trees, transform = _labels(body), Trees(body.message(1)), body.integer(2)
    ways: dict[tuple[int, int], MatrixTransform] = {
        (0, len(labels)): lambda rows: rows,
        (1, len(labels)): _softmax,
        (3, len(labels) - 1): _softmax_with_reference,
    }
    if len(labels) == 2:
        ways |= {(0, 1): _two_classes, (2, 1): lambda rows: _two_classes(_logistic(rows))}
    if (transform, trees.dimensions) not in ways:
        dimensions = f"{trees.dimensions} dimensions for {len(labels)} classes"
        raise UnusableModel(f"its postEvaluationTransform {transform} does not fit {dimensions}")
    return labels, _then(trees, ways[transform, trees.dimensions])


def _then(first: MatrixTransform, second: MatrixTransform) -> MatrixTransform:
    return lambda rows: second(first(rows))


def _labels(body: Message) -> Labels:
    return body.message(100).texts(1) if 100 in body else body.message(101).integers(1)


def _weighted_sums(body: Message) -> MatrixTransform:
    weights = [part.reals(1) for part in body.messages(1)]
    offset = body.reals(2)
    if len(offset) != len(weights) or len({len(line) for line in weights}) != 1:
        raise UnusableModel("its weights do not have one offset each, or are not of one length")
    matrix = np.stack(weights, axis=1)
    return lambda rows: rows @ matrix + offset


def _per_column(values: Matrix, default: float, rows: Matrix) -> Matrix:
    if len(values) not in (0, 1, rows.shape[1]):
        raise UnusableModel(f"one of its steps has {len(values)} values for {rows.shape[1]} columns")
    return values if len(values) else np.array([default])


def _logistic(rows: Matrix) -> Matrix:
    return np.asarray(expit(rows))


def _normal(rows: Matrix) -> Matrix:
    return np.asarray(ndtr(rows))


def _two_classes(second: Matrix) -> Matrix:
    return np.hstack([1 - second, second])


def _summing_to_one(rows: Matrix) -> Matrix:
    shares: Matrix = rows / rows.sum(axis=1, keepdims=True)
    return shares


def _softmax(rows: Matrix) -> Matrix:
    return np.asarray(softmax(rows, axis=1))


def _softmax_with_reference(rows: Matrix) -> Matrix:
    return _softmax(np.hstack([np.zeros((len(rows), 1)), rows]))
