"""An endpoint's explainer, as ClarifyExplainerConfig has it (CreateEndpointConfig, API reference)."""

from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True)
class ClarifyExplainer:
    """``baseline`` is ShapBaseline: a row of CSV, or several, with a value for each feature."""

    baseline: str
    enable: str | None = None
    """EnableExplanations: a JMESPath expression on a row's output; None explains all."""
    feature_headers: tuple[str, ...] = ()
    label_headers: tuple[str, ...] = ()
    probability: int | str | None = None
    """ProbabilityIndex or ProbabilityAttribute: what of an output is explained; None: all its numbers."""
    use_logit: bool = False

    @property
    def shape(self) -> dict[str, JsonValue]:
        """As the control plane describes it."""
        place = "ProbabilityIndex" if isinstance(self.probability, int) else "ProbabilityAttribute"
        inference: dict[str, JsonValue] = {
            "FeatureHeaders": [*self.feature_headers],
            "LabelHeaders": [*self.label_headers],
            place: self.probability,
        }
        shap: dict[str, JsonValue] = {
            "ShapBaselineConfig": {"MimeType": "text/csv", "ShapBaseline": self.baseline},
            "UseLogit": self.use_logit,
        }
        explainer: dict[str, JsonValue] = {
            "EnableExplanations": self.enable,
            "InferenceConfig": {name: value for name, value in inference.items() if value not in ([], None)},
            "ShapConfig": shap,
        }
        given = {name: value for name, value in explainer.items() if value not in ({}, None)}
        return {"ClarifyExplainerConfig": dict[str, JsonValue](given)}
