"""The bodies of MLflow's scoring protocol (its page "Inference Server Specification"), whoever speaks it."""

from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import model_validator

from app.backends.wire.exchange import Exchange, json_writer
from app.backends.wire.options import WireOptions

KEYS: Mapping[str, str] = {"lists": "inputs", "objects": "dataframe_records"}
"""Under which rows are sent, by their form."""


class MlflowBody(WireOptions):
    """How rows are sent."""

    body: Literal["dataframe_split", "inputs"] = "dataframe_split"
    """An older name of rows: with the features' names as columns, or as a matrix (rows "lists") for models
    with a tensor."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if fault := self.own_form("body"):
            raise ValueError(fault)
        return self

    def exchange(self, features: Sequence[str], most: int) -> Exchange:
        """How the rows of a version with these features go out, and its answers come in."""
        form: WireOptions = self
        if self.rows is None and self.rows_key is None and self.body == "dataframe_split":
            form = self.model_copy(update={"rows": "dataframe_split"})
        return Exchange(self, json_writer(form, features, most, keys=KEYS))
