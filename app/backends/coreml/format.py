"""What a Core ML model file says about itself: its type, inputs, outputs and version (Model.proto)."""

import math
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue

from app.backends.coreml.wire import Message, UnusableModel
from app.core.errors import BackendError, InvalidInput

FeatureCell: TypeAlias = float | int | str
RowOutput: TypeAlias = JsonValue | BackendError
"""A row's output, or why it has none."""

KINDS = {
    **{200: "pipelineClassifier", 201: "pipelineRegressor", 202: "pipeline"},
    **{300: "glmRegressor", 301: "supportVectorRegressor", 302: "treeEnsembleRegressor"},
    **{303: "neuralNetworkRegressor", 304: "bayesianProbitRegressor"},
    **{400: "glmClassifier", 401: "supportVectorClassifier", 402: "treeEnsembleClassifier"},
    **{403: "neuralNetworkClassifier", 404: "kNearestNeighborsClassifier"},
    **{500: "neuralNetwork", 501: "itemSimilarityRecommender", 502: "mlProgram"},
    **{555: "customModel", 556: "linkedModel", 560: "classConfidenceThresholding"},
    **{600: "oneHotEncoder", 601: "imputer", 602: "featureVectorizer", 603: "dictVectorizer"},
    **{604: "scaler", 606: "categoricalMapping", 607: "normalizer", 609: "arrayFeatureExtractor"},
    **{610: "nonMaximumSuppression", 900: "identity"},
    **{2000: "textClassifier", 2001: "wordTagger", 2002: "visionFeaturePrint"},
    **{2003: "soundAnalysisPreprocessing", 2004: "gazetteer", 2005: "wordEmbedding"},
    **{2006: "audioFeaturePrint", 3000: "serializedModel"},
}
"""The model types by the number of their field."""

TYPES = {
    **{1: "int64", 2: "double", 3: "string", 4: "image", 5: "multiArray"},
    **{6: "dictionary", 7: "sequence", 8: "state"},
}
"""The types of a feature by the number of their field (FeatureTypes.proto)."""
CELL_TYPES = ("double", "int64", "string")
"""Those that a row's cell can be."""


@dataclass(frozen=True)
class Feature:
    """An input or output; ``type`` is one of TYPES."""

    name: str
    type: str

    def cell(self, value: JsonValue) -> FeatureCell:
        """The value as this input takes it; a null is NaN, Core ML's missing number.

        InvalidInput where the input does not take it.
        """
        if self.type == "string" and isinstance(value, str):
            return value
        if self.type == "int64" and isinstance(value, int | float) and float(value).is_integer():
            return int(value)
        if self.type == "double" and (value is None or isinstance(value, int | float)):
            return math.nan if value is None else float(value)
        shown = "null" if value is None else f"a {type(value).__name__}"
        raise InvalidInput(
            f"The feature {self.name!r} cannot be sent: the model's {self.type} is not {shown}."
        )


@dataclass(frozen=True)
class Description:
    """The inputs and outputs in order, which of them is a regressor's or classifier's, and the version."""

    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    predicted: str
    """The value or label; empty for a transformer."""
    probabilities: str
    """Of a classifier, an object of its labels' probabilities; may be empty."""
    version: str


def kind_of(model: Message) -> tuple[str, Message]:
    """The model's type, and the message that holds it. UnusableModel where there is none."""
    found = [number for number in model if number in KINDS]
    if len(found) != 1 or not model.integer(1):
        raise UnusableModel("the file is not a Core ML model, or of a type newer than this service")
    return KINDS[found[0]], model.message(found[0])


def describe(model: Message) -> Description:
    description = model.message(2)
    return Description(
        inputs=_features(description, 1),
        outputs=_features(description, 10),
        predicted=description.text(11),
        probabilities=description.text(12),
        version=description.message(100).text(2),
    )


def _features(description: Message, number: int) -> tuple[Feature, ...]:
    return tuple(Feature(part.text(1), _type(part.message(3))) for part in description.messages(number))


def _type(kind: Message) -> str:
    return next((TYPES[number] for number in kind if number in TYPES), "unknown")
