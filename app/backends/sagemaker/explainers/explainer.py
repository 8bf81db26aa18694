"""The option that names what explains a version's predictions."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from app.backends.base import BackendOptions

ATTRIBUTE = "explain=true"
"""What asks a container for explanations, among its custom attributes."""


def with_attribute(attributes: str | None) -> str:
    """Those of a version, and this."""
    return ",".join(filter(None, (attributes, ATTRIBUTE)))


class Explainer(BaseModel):
    """What explains predictions, to who asks with ``explain``; others never pay for it."""

    model_config = BackendOptions.model_config

    kind: Literal["clarify", "container"]
    """clarify: the endpoint was made with a SageMaker Clarify explainer, whose answers have another form even
    where nothing is explained. container: the model's own code answers contributions, as XGBoost can."""
    explains: (
        Annotated[int, Field(ge=0, le=1000)]
        | Annotated[str, StringConstraints(min_length=1, max_length=200)]
        | None
    ) = None
    """Clarify: which value of an output it explains, an index or a key, as its ProbabilityIndex or
    ProbabilityAttribute; default the output itself, of which a list is one number for each class."""
    use_logit: bool = False
    """Clarify with UseLogit: contributions add up to the logit of the probability."""
    max_rows: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Most rows in one call that explains: Clarify asks the model about hundreds of rows for each of them."""
