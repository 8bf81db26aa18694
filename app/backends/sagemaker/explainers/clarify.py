"""An endpoint with a SageMaker Clarify explainer.

Its answers have a form of their own (developer guide, "Online explainability: invoke the endpoint"), in which
the model's own answer is a text. Whether a row is explained is a JMESPath expression of the call; without one
it is the endpoint's, which by default explains all.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from pydantic import JsonValue

from app.backends.sagemaker.calls.own import OwnArguments
from app.backends.sagemaker.calls.replies import Invoked
from app.backends.sagemaker.explainers.explainer import Explainer
from app.backends.wire.explanations import explanation, is_number, numbers, require_rows, total
from app.backends.wire.replies import Output, json_object
from app.core.errors import BadOutput
from app.schemas.hosting.explained import together

ALL, NONE = "`true`", "`false`"
NO_FORM = "SageMaker Clarify's answer is not of the form that its reference describes"


class ClarifyUnexplained:
    """Predictions alone: nothing is explained, and nothing paid for it."""

    own = OwnArguments(enable_explanations=NONE)

    def require_rows(self) -> None:
        """A payload will do."""

    def read(self, answer: Invoked, decode: Callable[[Invoked], list[Output]]) -> list[Output]:
        return decode(_models_own(answer, _document(answer)))


class ClarifyExplained:
    """Predictions with the contributions of all features."""

    own = OwnArguments(enable_explanations=ALL)

    def __init__(self, explainer: Explainer, features: Sequence[str]) -> None:
        self._explainer, self._features = explainer, features

    def require_rows(self) -> None:
        require_rows()

    def read(self, answer: Invoked, decode: Callable[[Invoked], list[Output]]) -> list[Output]:
        document = _document(answer)
        outputs = decode(_models_own(answer, document))
        each = _explanations(document, len(outputs))
        labels = _labels(document.get("label_headers"))
        return [self._with(output, one, labels) for output, one in zip(outputs, each, strict=True)]

    def _with(self, output: Output, attributed: JsonValue, labels: list[str] | None) -> Output:
        if isinstance(output, BadOutput):
            return output
        try:
            explained = self._explained(output)
            single = not isinstance(explained, list)
            found = explanation(
                "clarify",
                self._contributions(attributed),
                numbers(explained, "what is explained"),
                None,
                labels=labels,
                single=single,
            )
        except BadOutput as error:
            return error
        return together(output, found)

    def _explained(self, output: JsonValue) -> JsonValue:
        """What the contributions add up to, with a base value that Clarify does not tell."""
        chosen = self._chosen(output)
        if not all(map(is_number, chosen if isinstance(chosen, list) else [chosen])):
            raise BadOutput(
                "An output is no number: which one is explained is the option explainer.explains."
            )
        return _logits(chosen) if self._explainer.use_logit else chosen

    def _chosen(self, output: JsonValue) -> JsonValue:
        place = self._explainer.explains
        if place is None:
            return output
        if isinstance(place, int) and isinstance(output, list) and place < len(output):
            return output[place]
        if isinstance(place, str) and isinstance(output, dict) and place in output:
            return output[place]
        raise BadOutput(f"An output has no value {place!r}, which the option explainer.explains names.")

    def _contributions(self, attributed: JsonValue) -> Mapping[str, list[float]]:
        if not isinstance(attributed, list) or len(attributed) != len(self._features):
            given = len(attributed) if isinstance(attributed, list) else "no"
            raise BadOutput(f"SageMaker Clarify explained {given} features of {len(self._features)}.")
        return {name: _of_feature(one) for name, one in zip(self._features, attributed, strict=True)}


def is_of_its_form(answer: Invoked) -> bool:
    """Whether an answer that cannot be read is Clarify's."""
    try:
        return {"version", "predictions", "explanations"} <= _document(answer).keys()
    except BadOutput:
        return False


def _document(answer: Invoked) -> Mapping[str, JsonValue]:
    return json_object(answer.content, answer.content_type)


def _models_own(answer: Invoked, document: Mapping[str, JsonValue]) -> Invoked:
    predictions = document.get("predictions")
    if not isinstance(predictions, dict):
        raise BadOutput(f"{NO_FORM}: it has no predictions. Has the endpoint an explainer?")
    data, kind = predictions.get("data"), predictions.get("content_type")
    if not isinstance(data, str) or not isinstance(kind, str):
        raise BadOutput(f"{NO_FORM}: its predictions are no text with a content type.")
    return replace(answer, content=data.encode(errors="surrogatepass"), content_type=kind)


def _explanations(document: Mapping[str, JsonValue], expected: int) -> list[JsonValue]:
    """For each row the attributions of its features; null for one that is not explained."""
    explanations = document.get("explanations")
    each = explanations.get("kernel_shap") if isinstance(explanations, dict) else None
    if not isinstance(each, list) or len(each) != expected:
        given = f"{len(each)} explanations" if isinstance(each, list) else "no explanations"
        raise BadOutput(f"SageMaker Clarify answered {given} for {expected} rows.")
    return each


def _of_feature(said: JsonValue) -> list[float]:
    """A feature's contributions, one for each number; of a text those of its parts, added up."""
    parts = said.get("attributions") if isinstance(said, dict) else None
    if not isinstance(parts, list) or not parts:
        raise BadOutput(f"{NO_FORM}: a feature has no attributions.")
    each = [numbers(part.get("attribution"), "attribution") for part in parts if isinstance(part, dict)]
    if len(each) != len(parts) or len({len(one) for one in each}) != 1:
        raise BadOutput(f"{NO_FORM}: a feature's attributions differ in number.")
    return [total(of_number) for of_number in zip(*each, strict=True)]


def _labels(said: JsonValue) -> list[str] | None:
    if isinstance(said, list) and said and all(isinstance(one, str) for one in said):
        return cast(list[str], said)
    return None


def _logits(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_logit(one) for one in value]
    return _logit(value)


def _logit(value: JsonValue) -> float:
    if not isinstance(value, int | float) or not 0 < value < 1:
        raise BadOutput(f"An output of {value} has no logit, which the option explainer.use_logit asks for.")
    return math.log(value / (1 - value))
