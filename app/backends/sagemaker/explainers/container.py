"""A container whose own code answers contributions, for a call with the custom attribute ``explain=true``.

Then it answers an object for each row, as JSON or JSON Lines: ``prediction`` is what it answers else;
``contributions`` are a number for each feature, or of a model with several numbers a list for each, in the
features' order or by their names; ``base_value`` completes them. They add up to ``margin``, if there is one,
else to the prediction. It may name its ``explainer``.
"""

from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from app.backends.sagemaker.calls.own import OwnArguments
from app.backends.sagemaker.calls.replies import Invoked
from app.backends.sagemaker.explainers.explainer import ATTRIBUTE, with_attribute
from app.backends.wire.explanations import explanation, numbers, require_rows
from app.backends.wire.replies import Output
from app.core.errors import BadOutput
from app.schemas.hosting.explained import together

NO_OBJECT = (
    "The container answered no explanation: a row's answer to a call with the custom attribute "
    f"{ATTRIBUTE} is an object with prediction, contributions and base_value."
)
LONGEST_NAME = 100
"""Characters of an explainer's own name."""


class ContainerExplained:
    """Predictions with the contributions of all features."""

    def __init__(self, features: Sequence[str], attributes: str | None = None) -> None:
        """``attributes`` are the version's own."""
        asked = with_attribute(attributes)
        self.own = OwnArguments(custom_attributes=asked, accept="application/json")
        self._features = features

    def require_rows(self) -> None:
        require_rows()

    def read(self, answer: Invoked, decode: Callable[[Invoked], list[Output]]) -> list[Output]:
        return [self._with(one) for one in decode(answer)]

    def _with(self, said: Output) -> Output:
        if isinstance(said, BadOutput):
            return said
        if not isinstance(said, dict) or not {"prediction", "contributions", "base_value"} <= said.keys():
            return BadOutput(NO_OBJECT)
        explained = said.get("margin", said["prediction"])
        try:
            found = explanation(
                _name(said.get("explainer")),
                self._contributions(said["contributions"]),
                numbers(explained, "margin or prediction"),
                numbers(said["base_value"], "base_value"),
                single=not isinstance(explained, list),
            )
        except BadOutput as error:
            return error
        return together(said["prediction"], found)

    def _contributions(self, said: JsonValue) -> Mapping[str, list[float]]:
        if isinstance(said, dict) and said.keys() == set(self._features):
            said = [said[name] for name in self._features]
        if not isinstance(said, list) or len(said) != len(self._features):
            wanted = ", ".join(self._features)
            raise BadOutput(f"The container's contributions are not one for each of {wanted}.")
        return {name: numbers(one, "contributions") for name, one in zip(self._features, said, strict=True)}


def _name(said: JsonValue) -> str:
    return said[:LONGEST_NAME] if isinstance(said, str) and said.isprintable() and said else "container"
