"""Options of platforms that have a model take rows in more than one form, and answer in more than one."""

from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator

from app.backends.base import BackendOptions, GivenName
from app.backends.wire.formats import ContentType
from app.backends.wire.tensors import TensorForm

AnswerKey = Annotated[str, StringConstraints(min_length=1, max_length=200)]
RowsAs = Literal["lists", "objects", "features", "values", "dataframe_split", "tensors"]

LISTED = ("lists", "objects", "features", "values")
"""The forms in which each row stands by itself."""
INSTANCES = ("features", "values")
"""Those that models take under instances, as SageMaker's built-in algorithms do."""


class WireOptions(BackendOptions):
    """How rows are sent, and where an answer has its outputs."""

    rows: RowsAs | None = None
    """How rows are sent as JSON: as lists, as objects by the features' names, as objects with the list under
    features or under data.features.values (values), as a dataframe_split, or as the tensors of the Open
    Inference Protocol (V2). By default as the platform's other options say."""
    rows_key: GivenName | None = None
    """The key under which the rows are sent; by default the platform's own, or instances for features and
    values."""
    tensor_form: TensorForm | None = None
    """Where rows are tensors: what these look like. It has the options of KServe's tensors."""
    answer_key: AnswerKey | None = None
    """The key of the outputs in an answer that is an object, where it is none of predictions, scores and
    projections."""
    answer_type: ContentType | None = None
    """What an answer is whose announced type does not tell: text/plain, application/octet-stream, none."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.tensor_form and self.rows != "tensors":
            raise ValueError('tensor_form is only for rows "tensors"')
        if self.rows_key and self.rows in ("dataframe_split", "tensors"):
            raise ValueError(f"rows_key does not go with rows {self.rows!r}, which have keys of their own")
        return self

    def place(self) -> str:
        return self.model_dump_json(exclude=set(WireOptions.model_fields))

    def own_form(self, *others: str) -> str | None:
        """What is wrong where one of the ``others``, older options for the same, is given beside rows."""
        given = [name for name in others if name in self.model_fields_set and getattr(self, name) is not None]
        both = self.rows is not None or self.rows_key is not None
        return f"give rows and rows_key, or {' and '.join(given)}, not both" if given and both else None
