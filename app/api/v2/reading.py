"""Requests of the protocol: JSON, with the ids in it or, by the binary extension, behind it."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from fastapi import Request
from pydantic import JsonValue, TypeAdapter, ValidationError

from app.api.http import media
from app.api.http.bodies import MISFIT, ON_THE_LOOP, require_length
from app.core import strict_json
from app.core.errors import FieldError, InvalidInput
from app.core.settings import Settings
from app.schemas.faults import faults_of
from app.schemas.predictions.protocol import InferenceParameters, InferenceRequest, InputTensor

HEADER_LENGTH = "Inference-Header-Content-Length"
"""Says how many bytes of a body are JSON, where others follow."""
BINARY = "application/octet-stream"
BODY = "A body"
PREFIX = 4
"""Bytes that say, little-endian, how long the element behind them is."""
DATA, SIZE = "inputs[0].data", "inputs[0].parameters.binary_data_size"
READ: TypeAdapter[InferenceRequest] = TypeAdapter(InferenceRequest)


class AskedRecords(NamedTuple):
    """What is asked for. ``outputs``: by name, and whether it is to be binary; empty where none is named."""

    id: str | None
    record_ids: Sequence[str]
    is_column: bool
    outputs: Sequence[tuple[str, bool]]
    parameters: InferenceParameters


async def read(request: Request, model: str) -> AskedRecords:
    """InvalidInput, TooLarge, UnsupportedMediaType or RequestTimeout where it cannot be."""
    settings: Settings = request.app.state.settings
    require_length(request.headers, settings.max_body_bytes, BODY)
    _require_kind(request)
    body, length = await request.body(), request.headers.get(HEADER_LENGTH)
    if len(body) <= ON_THE_LOOP:
        return _read(body, length, model, settings.max_batch)
    return await asyncio.to_thread(_read, body, length, model, settings.max_batch)


def _require_kind(request: Request) -> None:
    """Clients of the protocol say that it is JSON, that it is bytes, or nothing."""
    if media.media_type(request.headers):
        media.require_json(request.headers, BINARY)
    else:
        media.require_plain(request.headers)


def _read(body: bytes, length: str | None, model: str, most: int) -> AskedRecords:
    json_length = _json_length(body, length)
    told = _validated(body[:json_length])
    if told.model_name not in (None, model):
        raise _misfit("model_name", f"must be {model!r}, as in the path, or left out")
    [tensor] = told.inputs
    if len(tensor.shape) == 2 and tensor.shape[1] != 1:
        raise _misfit("inputs[0].shape", "must be [n], or [n, 1]")
    if tensor.shape[0] > most:
        raise _misfit("inputs[0].shape", f"must have at most {most} ids, has {tensor.shape[0]}")
    if told.id is not None:
        strict_json.check(told.id, "id")
    parameters = told.parameters or InferenceParameters()
    record_ids = _record_ids(tensor, body, json_length)
    return AskedRecords(
        told.id, record_ids, len(tensor.shape) == 2, [*_outputs(told, parameters)], parameters
    )


def _json_length(body: bytes, length: str | None) -> int:
    if length is None:
        return len(body)
    if not (length.isascii() and length.isdecimal() and len(length) < 20 and int(length) <= len(body)):
        right = f"must be how many bytes of the body are JSON: of all that came, at most {len(body)}"
        raise _misfit(HEADER_LENGTH, right)
    return int(length)


def _validated(text: bytes) -> InferenceRequest:
    strict_json.require_few(text)
    value = strict_json.loads(text)
    strict_json.require_bounds(value)
    try:
        return READ.validate_python(value)
    except ValidationError as error:
        raise InvalidInput(MISFIT, errors=faults_of(error, whole="body")) from error


def _outputs(told: InferenceRequest, parameters: InferenceParameters) -> Iterator[tuple[str, bool]]:
    """InvalidInput where one is named twice, with parameters that may differ."""
    named = set[str]()
    for place, one in enumerate(told.outputs or ()):
        if one.name in named:
            raise _misfit(f"outputs[{place}].name", f"is {one.name!r} for the second time")
        named.add(one.name)
        chosen = one.parameters.binary_data if one.parameters else None
        yield one.name, parameters.binary_data_output if chosen is None else chosen


def _record_ids(tensor: InputTensor, body: bytes, begin: int) -> list[str]:
    size = tensor.parameters.binary_data_size if tensor.parameters else None
    if (size is None) == (tensor.data is None):
        raise _misfit(DATA, "must be given, or else binary_data_size among the tensor's parameters")
    if (behind := len(body) - begin) != (size or 0):
        raise _misfit(SIZE, f"must be the {behind} bytes that follow the JSON, is {size or 0}")
    if tensor.data is None:
        record_ids = [*_elements(body, begin)]
        _require_count(tensor, len(record_ids))
        return record_ids
    _require_count(tensor, len(tensor.data))  # before each is looked at
    return _texts(tensor, tensor.data)


def _require_count(tensor: InputTensor, given: int) -> None:
    if given != tensor.shape[0]:
        raise _misfit("inputs[0].shape", f"has {tensor.shape[0]} ids, but {given} are given")


def _texts(tensor: InputTensor, data: list[JsonValue]) -> list[str]:
    if len(tensor.shape) == 2:
        data = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in data]
    faults = [
        FieldError(f"{DATA}[{place}]", "must be a text")
        for place, one in enumerate(data)
        if type(one) is not str
    ]
    if faults:
        raise InvalidInput(MISFIT, errors=faults)
    return cast(list[str], data)


def _elements(body: bytes, begin: int) -> Iterator[str]:
    place, whole = 0, len(body)
    while begin < whole:
        end = begin + PREFIX
        if end <= whole:
            begin, end = end, end + int.from_bytes(body[begin:end], "little")
        if end > whole:
            right = "must be as long as the four bytes before it say, which are little-endian"
            raise _misfit(f"{DATA}[{place}]", f"{right}: the body ends within it")
        try:
            yield body[begin:end].decode()
        except UnicodeDecodeError as error:
            raise _misfit(f"{DATA}[{place}]", "must be UTF-8") from error
        begin, place = end, place + 1


def _misfit(field: str, right: str) -> InvalidInput:
    return InvalidInput(MISFIT, errors=[FieldError(field, right)])
