"""What the model behind an H2O scorer takes, by /model/schema of H2O's "MLOps Scoring REST API"."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from app.core.errors import BadOutput, FieldError, InvalidInput
from app.schemas.rows import Row

MAX_NAMED = 10
"""Columns that an error's text names."""
NUMBERS = ("Int32", "Int64", "Float32", "Float64")


@dataclass(frozen=True)
class ModelColumns:
    """The columns of one model, and the type of each; none if the scorer does not say."""

    model_id: str | None
    types: Mapping[str, str]

    def require(self, features: Sequence[str]) -> None:
        """InvalidInput, naming what differs, unless the features are the columns in whichever order."""
        if not self.types:
            return
        wrong = [(name, "the model needs it") for name in self.types if name not in features]
        wrong += [(name, "the model has no such column") for name in features if name not in self.types]
        if wrong:
            named = "; ".join(f"{name}: {message}" for name, message in wrong[:MAX_NAMED])
            faults = [FieldError(f"features.{name}", message) for name, message in wrong]
            raise InvalidInput(f"The features are not the H2O model's columns. {named}.", errors=faults)

    def cells(self, features: Sequence[str], row: Row) -> list[JsonValue]:
        """The row as texts. InvalidInput names a feature that its column does not take."""
        return [_cell(name, value, self.types.get(name)) for name, value in zip(features, row, strict=True)]


NOT_SAID = ModelColumns(None, {})


def columns_of(model: Mapping[str, JsonValue]) -> ModelColumns:
    """What /model/schema said. BadOutput if it said nothing: H2O promises the columns."""
    types: dict[str, str] = {}
    match model.get("schema"):
        case {"inputFields": [*fields]}:
            named = [field for field in fields if isinstance(field, dict)]
            types = {str(field.get("name")): str(field.get("dataType")) for field in named}
    if not types:
        raise BadOutput("The H2O scorer's schema names no columns.")
    return ModelColumns(id_of(model), types)


def id_of(answer: Mapping[str, JsonValue]) -> str | None:
    """The model that an answer names, if it does."""
    return str(answer["id"]) if answer.get("id") else None


def _cell(name: str, value: JsonValue, kind: str | None) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(int(value)) if kind in NUMBERS else str(value).lower()
        case str() if kind not in NUMBERS:
            return value
        case int() | float() if math.isfinite(value):
            return repr(value)
    wanted = "a finite number" if kind in NUMBERS else "text or a finite number"
    raise InvalidInput(f"The feature {name!r} must be {wanted}, or null where it is missing.")
