"""Whether arguments fit an operation of AWS by botocore's description of it: more than boto3 checks."""

import re
from collections.abc import Iterator

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.session import Session
from botocore.validate import ParamValidator
from pydantic import JsonValue


def misfits(service: str, operation: str, arguments: dict[str, JsonValue]) -> list[str]:
    """What is wrong with them, by the names of the members."""
    shape = Session().get_service_model(service).operation_model(operation).input_shape
    assert shape is not None
    report = ParamValidator().validate(arguments, shape)
    return [*filter(None, [report.generate_report()]), *_misfits(shape, arguments, operation)]


def _misfits(shape: Shape, value: JsonValue, where: str) -> Iterator[str]:
    """Patterns, enumerations and upper bounds, which botocore leaves to AWS."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in value.items():
            yield from _misfits(shape.members[name], member, f"{where}.{name}")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, member in enumerate(value):
            yield from _misfits(shape.member, member, f"{where}[{index}]")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for name, member in value.items():
            yield from _misfits(shape.value, member, f"{where}.{name}")
    size = value if isinstance(value, int) else len(value) if isinstance(value, str | list | dict) else 0
    if size > shape.metadata.get("max", size):
        yield f"{where} is beyond {shape.metadata['max']}"
    if isinstance(shape, StringShape) and isinstance(value, str):
        pattern = re.sub(r"\\p\{\w\}", r"\\w\\s", shape.metadata.get("pattern", ".*"))  # re knows no classes
        if not re.fullmatch(pattern, value) or value not in (shape.enum or [value]):
            yield f"{where} may not be {value!r}"
