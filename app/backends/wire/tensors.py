"""Rows as the tensors of the Open Inference Protocol (KServe's V2), and its tensors as one output per row."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field, JsonValue

from app.backends.base import BackendOptions, GivenName
from app.backends.wire.formats import RequestFormat
from app.backends.wire.replies import Output, usable
from app.core.errors import BackendRefused, BackendRejected, BadOutput, InvalidInput
from app.schemas.rows import Row

TAKES: dict[str, set[str]] = {
    "BYTES": {"BYTES"},
    "BOOL": {"BOOL"},
    "INT64": {"BOOL", "INT64"},
    "FP64": {"BOOL", "INT64", "FP64"},
    "FP32": {"BOOL", "INT64", "FP64"},
}
"""The datatypes of tensors, with those of the values that each can hold. The first that fits is taken."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
Tensor: TypeAlias = dict[str, JsonValue]


class TensorForm(BaseModel):
    """What a V2 model's tensors look like."""

    model_config = BackendOptions.model_config

    tensors: Literal["one", "per_feature"] = "one"
    """All features in one tensor of shape [rows, features], or each in a tensor that has its name."""
    tensor_name: GivenName = "input-0"
    """The name of the one tensor."""
    datatype: Literal["FP64", "FP32", "INT64"] | None = None
    """The datatype of numbers; default FP64 for one tensor, else what the values of each feature need."""
    feature_shape: Literal["[n]", "[n,1]"] = "[n,1]"
    """The shape of a feature's own tensor."""
    content_type: Literal["np", "pd"] | None = None
    """What KServe's and MLServer's own servers make of the tensors: with pd, a table of them all. Without it
    they take the first tensor only, or refuse several."""
    null_as: int | Finite | Literal["null"] | None = None
    """What is sent for null, for which tensors have no place: a number, or "null" for null all the same,
    which KServe's and MLServer's servers read as NaN. Default: the row is refused."""
    output: GivenName | None = None
    """The output to ask for; needed where the model has several."""


class TensorFormat:
    """How rows become a V2 request of at most ``most`` rows."""

    def __init__(self, options: TensorForm, features: Sequence[str], most: int) -> None:
        self._options, self._features = options, features
        self._json = RequestFormat("application/json", features)
        own = {"BOOL", "BYTES"} if options.tensors == "per_feature" else set()
        self._takes = TAKES[options.datatype or "FP64"] | own
        self.overhead = len(self._body([[]] * len(features), most))

    def row(self, row: Row) -> bytes:
        """One row's values as text. InvalidInput names the feature that no tensor can hold."""
        return self._json.row(self._cells(row))[1:-1]

    def body(self, rows: Sequence[Row]) -> bytes:
        """The request body. BackendRejected where rows do not go into one tensor together, but do alone."""
        cells = [self._cells(row) for row in rows]
        try:
            return self._body(list(zip(*cells, strict=True)), len(rows))
        except ValueError:
            self._json.body(cells)  # says which feature it is
            raise

    def _cells(self, row: Row) -> list[JsonValue]:
        return [self._cell(name, value) for name, value in zip(self._features, row, strict=True)]

    def _cell(self, name: str, value: JsonValue) -> JsonValue:
        null_as = self._options.null_as
        if value is None and null_as is None:
            raise InvalidInput(f"The feature {name!r} is null, for which tensors have no place; see null_as.")
        if value is None and null_as != "null":
            value = null_as
        if _kind(value) not in self._takes:
            takes = ", ".join(sorted(self._takes))
            raise InvalidInput(f"The feature {name!r} cannot be sent: its tensor takes {takes}.")
        return value

    def _body(self, columns: Sequence[Sequence[JsonValue]], count: int) -> bytes:
        request: dict[str, JsonValue] = {"inputs": [*self._tensors(columns, count)]}
        if self._options.content_type:
            request["parameters"] = {"content_type": self._options.content_type}
        if self._options.output:
            request["outputs"] = [{"name": self._options.output}]
        return json.dumps(request, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()

    def _tensors(self, columns: Sequence[Sequence[JsonValue]], count: int) -> list[Tensor]:
        options = self._options
        if options.tensors == "one":
            values = [value for row in zip(*columns, strict=True) for value in row]
            shape = [count, len(columns)]
            return [_tensor(options.tensor_name, shape, options.datatype or "FP64", values)]
        shape = [count] if options.feature_shape == "[n]" else [count, 1]
        named = zip(self._features, columns, strict=True)
        return [_tensor(name, shape, self._datatype(name, values), values) for name, values in named]

    def _datatype(self, name: str, values: Sequence[JsonValue]) -> str:
        kinds = {_kind(value) for value in values}
        found = next((datatype for datatype, takes in TAKES.items() if kinds <= takes), None)
        if found is None:
            raise BackendRejected(f"The feature {name!r} is text in some rows only: no tensor holds that.")
        return found if found in ("BYTES", "BOOL") else self._options.datatype or found


def _kind(value: JsonValue) -> str | None:
    """The datatype of one value; None for lists and objects. A null stands for NaN."""
    if isinstance(value, bool):
        return "BOOL"
    if isinstance(value, int):
        return "INT64" if -(2**63) <= value < 2**63 else "FP64"
    if isinstance(value, float) or value is None:
        return "FP64"
    return "BYTES" if isinstance(value, str) else None


def _tensor(name: str, shape: Sequence[int], datatype: str, values: Sequence[JsonValue]) -> Tensor:
    if datatype != "BOOL":
        values = [int(value) if isinstance(value, bool) else value for value in values]
    return {"name": name, "shape": [*shape], "datatype": datatype, "data": [*values]}


def outputs(answer: Mapping[str, JsonValue], wanted: str | None, expected: int) -> list[Output]:
    """One output per row: a value where the tensor has the shape [n] or [n,1], a list where it has [n,k].

    ``wanted`` names the tensor. BackendRefused where it names none of the model's, BadOutput where the tensor
    is not for ``expected`` rows.
    """
    tensor = _chosen(answer.get("outputs"), wanted)
    shape, values = tensor.get("shape"), _flat(tensor.get("data"))
    if not isinstance(shape, list) or len(shape) not in (1, 2) or shape[0] != expected:
        raise BadOutput(f"The model answered a tensor whose shape does not fit {expected} rows.")
    width = shape[1] if len(shape) == 2 else 1
    if not isinstance(width, int) or width < 1 or len(values) != expected * width:
        raise BadOutput("The model answered a tensor whose data does not fit its shape.")
    if width == 1:
        return [_given(value) for value in values]
    return [_given(values[start : start + width]) for start in range(0, len(values), width)]


def _chosen(tensors: JsonValue, wanted: str | None) -> Tensor:
    found = [tensor for tensor in tensors if isinstance(tensor, dict)] if isinstance(tensors, list) else []
    if not found:
        raise BadOutput("The model answered without outputs.")
    fitting = [tensor for tensor in found if wanted in (None, tensor.get("name"))]
    if len(fitting) != 1:
        names = ", ".join(str(tensor.get("name"))[:100] for tensor in found[:20])
        raise BackendRefused(f"The option output must name one of the model's outputs: {names}.")
    return fitting[0]


def _flat(data: JsonValue) -> list[JsonValue]:
    """The values in row-major order; the protocol allows them nested, too."""
    if not isinstance(data, list):
        raise BadOutput("The model answered a tensor without data.")
    values = [value for row in data for value in (row if isinstance(row, list) else [row])]
    if any(isinstance(value, list | dict) for value in values):
        raise BadOutput("The model answered a tensor that holds more than values.")
    return values


def _given(value: JsonValue) -> Output:
    if value is None or (isinstance(value, list) and None in value):
        return BadOutput("The model answered null, which stands for NaN.")
    return usable(value)
