"""The Open Inference Protocol, version 2, as far as it is spoken here: one tensor of record ids goes in.

https://github.com/kserve/open-inference-protocol has the specification, and the binary tensor data extension.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, JsonValue, StrictBool, StrictInt, StrictStr

from app.schemas.values.closed import Closed
from app.schemas.values.wire import Documented, Wire

Datatype: TypeAlias = Literal["BOOL", "INT64", "FP64", "BYTES"]
MOST_OUTPUTS = 100
"""That a request may name: far more than there are, and few enough to say of each that it is none."""
Size: TypeAlias = Annotated[StrictInt, Field(ge=0, le=2**31)]


class InputParameters(Closed):
    """`binary_data_size`: the tensor's bytes behind the JSON, in place of its `data`."""

    binary_data_size: Size | None = None


class InputTensor(Documented, Closed):
    """The record ids: `[n]` or `[n, 1]` of them."""

    name: Literal["record_id"]
    shape: Annotated[list[Size], Field(min_length=1, max_length=2)]
    datatype: Literal["BYTES"]
    parameters: InputParameters | None = None
    data: list[JsonValue] | None = None
    """Texts; of `[n, 1]` they may be in lists of one."""


class OutputParameters(Closed):
    """`binary_data`: behind the JSON of the answer."""

    binary_data: StrictBool | None = None


class RequestedOutput(Closed):
    """An output that is wanted."""

    name: StrictStr
    parameters: OutputParameters | None = None


class InferenceParameters(Documented, Closed):
    """What concerns the whole request."""

    binary_data_output: StrictBool = False
    """All outputs behind the JSON of the answer, but for those that say otherwise."""
    timeout: Annotated[StrictInt, Field(ge=1, le=2**53)] | None = None
    """Microseconds after which the answer is 504, if that is before PREDICT_TIMEOUT."""
    refresh: StrictBool = False
    """Infer anew, and supersede what is cached."""


class InferenceRequest(Documented, Closed):
    """What to predict. Where `outputs` are left out it is the `prediction` alone."""

    model_config = ConfigDict(protected_namespaces=())

    id: StrictStr | None = None
    """Comes back with the answer."""
    model_name: StrictStr | None = None
    """As in the path, where a client says it twice."""
    parameters: InferenceParameters | None = None
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=1)]
    outputs: Annotated[list[RequestedOutput], Field(max_length=MOST_OUTPUTS)] | None = None


class TensorMetadata(Wire):
    """A tensor that is taken or given; -1 is any number."""

    name: str
    datatype: Datatype
    shape: list[int]


class ProtocolModel(Wire):
    """A model as the protocol tells of it."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ProtocolServer(Wire):
    """The service as the protocol tells of it."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(Wire):
    """Whether the process answers."""

    live: bool


class ServerReady(Wire):
    """Whether the service can work."""

    ready: bool


class ModelReady(Wire):
    """Whether a model, or a version of it, can be asked."""

    name: str
    ready: bool


class BinarySize(Wire):
    """How many bytes of an output are behind the JSON."""

    binary_data_size: int


class FromCache(Wire):
    """`cached`: whether all of an answer was stored before."""

    cached: bool


class OutputTensor(Wire):
    """An output: `data`, or the `binary_data_size` among its parameters."""

    name: str
    datatype: Datatype
    shape: list[int]
    parameters: BinarySize | None = None
    data: list[bool | int | float | str] | None = None


class InferenceAnswer(Documented):
    """The outputs, in the order of the ids. `model_version` is the one that all of them are of."""

    model_config = ConfigDict(protected_namespaces=())

    id: str | None = None
    model_name: str
    model_version: str | None = None
    parameters: FromCache
    outputs: list[OutputTensor]


class ProtocolError(Wire):
    """The body of every error of the protocol."""

    error: str
