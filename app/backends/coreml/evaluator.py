"""A Core ML model evaluated from its file alone, for the machines that Core ML does not run on."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from pydantic import JsonValue

from app.backends.coreml import steps
from app.backends.coreml.categories import RefusedRows, one_hot_encoder
from app.backends.coreml.format import Description, Feature, FeatureCell, RowOutput, describe, kind_of
from app.backends.coreml.trees import Matrix
from app.backends.coreml.wire import Message, UnusableModel
from app.backends.wire.replies import Output, usable

NamedColumns: TypeAlias = dict[str, Matrix | list[Output]]
"""By a feature's name: numbers as a matrix of one line per row, texts and a classifier's as a list."""
Step: TypeAlias = Callable[[NamedColumns], NamedColumns]

TRANSFORMS: dict[str, Callable[[Message], steps.MatrixTransform]] = {
    "arrayFeatureExtractor": steps.array_feature_extractor,
    "glmRegressor": steps.glm_regressor,
    "imputer": steps.imputer,
    "scaler": steps.scaler,
    "treeEnsembleRegressor": steps.tree_ensemble_regressor,
}
CLASSIFIERS: dict[str, Callable[[Message], tuple[steps.Labels, steps.MatrixTransform]]] = {
    "glmClassifier": steps.glm_classifier,
    "treeEnsembleClassifier": steps.tree_ensemble_classifier,
}
PIPELINES = ("pipeline", "pipelineClassifier", "pipelineRegressor")
SUPPORTED = sorted([*TRANSFORMS, *CLASSIFIERS, *PIPELINES, "featureVectorizer", "oneHotEncoder"])
MAX_DEPTH = 32
"""Pipelines within one another: far more than any converter makes."""


class EvaluatedModel:
    """A model that is ready to predict ``output``. UnusableModel says why it cannot be."""

    def __init__(self, model: Message, output: Feature) -> None:
        self._inputs, self._output = describe(model).inputs, output
        try:
            self._run = _step(model)
            self.predict([])  # every name and every width has to fit, rows or not
        except UnusableModel:
            raise
        except (KeyError, OverflowError, ValueError) as error:
            raise UnusableModel("its parts do not fit together") from error

    def predict(self, rows: Sequence[Sequence[FeatureCell]]) -> list[RowOutput]:
        """One answer per row of cells, which are in the order of the model's inputs."""
        try:
            return [*self._outputs(rows)]
        except RefusedRows as refused:
            faults = refused.faults
        others = iter(self.predict([row for index, row in enumerate(rows) if index not in faults]))
        return [faults[index] if index in faults else next(others) for index in range(len(rows))]

    def _outputs(self, rows: Sequence[Sequence[FeatureCell]]) -> list[Output]:
        given: NamedColumns = {
            feature.name: _column(feature, [row[index] for row in rows])
            for index, feature in enumerate(self._inputs)
        }
        with np.errstate(all="ignore"):  # NaN is found below
            column = self._run(given)[self._output.name]
        values = _values(column, self._output) if isinstance(column, np.ndarray) else column
        return [usable(value) for value in values]


def _column(feature: Feature, cells: list[FeatureCell]) -> Matrix | list[Output]:
    return [*cells] if feature.type == "string" else np.array(cells, dtype=np.float64).reshape(-1, 1)


def _values(matrix: Matrix, output: Feature) -> list[JsonValue]:
    if output.type == "multiArray":
        lines: list[JsonValue] = matrix.tolist()
        return lines
    if output.type != "double" or matrix.shape[1] != 1:
        raise UnusableModel(f"its {output.type} {output.name!r} would be made of {matrix.shape[1]} numbers")
    numbers: list[JsonValue] = matrix[:, 0].tolist()
    return numbers


def _step(model: Message, depth: int = 0) -> Step:
    (kind, body), description = kind_of(model), describe(model)
    if kind not in SUPPORTED:
        raise UnusableModel(f"it is a {kind}, which needs macOS; anywhere else: {', '.join(SUPPORTED)}")
    if kind in PIPELINES:
        return _pipeline(body if kind == "pipeline" else body.message(1), depth + 1)
    if kind in CLASSIFIERS:
        return _classifier(description, *CLASSIFIERS[kind](body))
    if kind == "featureVectorizer":
        return _vectorizer(description, body)
    if kind == "oneHotEncoder":
        return _encoder(description, body)
    transform, (output, *_) = TRANSFORMS[kind](body), description.outputs
    return lambda columns: {output.name: transform(_matrix(columns, description))}


def _pipeline(body: Message, depth: int) -> Step:
    if depth > MAX_DEPTH:
        raise UnusableModel(f"it has more than {MAX_DEPTH} pipelines within one another")
    parts = [_step(model, depth) for model in body.messages(1)]

    def run(columns: NamedColumns) -> NamedColumns:
        for part in parts:
            columns = columns | part(columns)
        return columns

    return run


def _classifier(description: Description, labels: steps.Labels, transform: steps.MatrixTransform) -> Step:
    keys = [str(label) for label in labels]

    def run(columns: NamedColumns) -> NamedColumns:
        found = transform(_matrix(columns, description))
        objects = [usable(dict(zip(keys, line, strict=True))) for line in found.tolist()]
        best = [labels[index] for index in found.argmax(axis=1).tolist()]
        chosen: list[Output] = [
            label if isinstance(whole, dict) else whole for label, whole in zip(best, objects, strict=True)
        ]
        return {description.predicted: chosen, description.probabilities: objects}

    return run


def _vectorizer(description: Description, body: Message) -> Step:
    parts = [(part.text(1), part.integer(2)) for part in body.messages(1)]
    (output, *_) = description.outputs

    def run(columns: NamedColumns) -> NamedColumns:
        found = [_numbers(columns, name) for name, _ in parts]
        if [matrix.shape[1] for matrix in found] != [width for _, width in parts]:
            raise UnusableModel("its feature vectorizer is made for columns of other widths")
        return {output.name: np.hstack(found)}

    return run


def _encoder(description: Description, body: Message) -> Step:
    encode, (given, *_), (output, *_) = one_hot_encoder(body), description.inputs, description.outputs
    return lambda columns: {output.name: encode(columns[given.name])}


def _matrix(columns: NamedColumns, description: Description) -> Matrix:
    return np.hstack([_numbers(columns, feature.name) for feature in description.inputs])


def _numbers(columns: NamedColumns, name: str) -> Matrix:
    column = columns[name]
    if not isinstance(column, np.ndarray):
        raise UnusableModel(f"one of its steps cannot take {name!r}, which is not made of numbers")
    return column
