"""Core ML model files, written field by field as coremltools 9 writes them (Model.proto and its parts)."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import AppError
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.backends import platforms

INT64, DOUBLE, STRING, ARRAY, DICTIONARY = 1, 2, 3, 5, 6
"""Types of a feature."""
PIPELINE, GLM_REGRESSOR, TREE_REGRESSOR, GLM_CLASSIFIER, TREE_CLASSIFIER = 202, 300, 302, 400, 402
ONE_HOT, IMPUTER, VECTORIZER, SCALER, EXTRACTOR = 600, 601, 602, 604, 609
LEAF = 6

Features = Mapping[str, int]
FEATURES = ("a", "b")
DOUBLES: Features = dict.fromkeys(FEATURES, DOUBLE)


def varint(number: int) -> bytes:
    number %= 1 << 64
    head = b""
    while number >= 0x80:
        head += bytes([number & 0x7F | 0x80])
        number >>= 7
    return head + bytes([number])


def field(number: int, *values: int | float | str | bytes) -> bytes:
    """A field once for each value: an integer, a double, or a text or message with its length."""
    return b"".join(_field(number, value) for value in values)


def _field(number: int, value: int | float | str | bytes) -> bytes:
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def doubles(number: int, values: Sequence[float]) -> bytes:
    """A packed field, as coremltools writes them."""
    return field(number, struct.pack(f"<{len(values)}d", *values))


def model(
    kind: int,
    body: bytes,
    *,
    inputs: Features = DOUBLES,
    outputs: Features | None = None,
    probabilities: str = "",
    version: str = "",
) -> bytes:
    """A file of the given type; the predicted feature is the first of its outputs."""
    outputs = {"y": DOUBLE} if outputs is None else outputs
    description = b"".join(field(1, _feature(*item)) for item in inputs.items())
    description += b"".join(field(10, _feature(*item)) for item in outputs.items())
    description += field(11, next(iter(outputs), "")) + field(12, probabilities)
    description += field(100, field(2, version))
    return field(1, 1) + field(2, description) + field(kind, body)


def _feature(name: str, kind: int) -> bytes:
    return field(1, name) + field(3, field(kind, b""))


def weights(*lines: Sequence[float], offsets: Sequence[float]) -> bytes:
    """The first fields of a generalised linear model."""
    return field(1, *(doubles(1, line) for line in lines)) + doubles(2, offsets)


def trees(*nodes: bytes, dimensions: int = 1, base: Sequence[float] = ()) -> bytes:
    """The trees of a regressor or classifier."""
    return field(1, field(1, *nodes) + field(2, dimensions) + doubles(3, base))


def branch(
    node: int,
    split: float,
    yes: int,
    no: int,
    *,
    tree: int = 0,
    behavior: int = 0,
    column: int = 0,
    missing: int = 0,
) -> bytes:
    head = field(1, tree) + field(2, node) + field(3, behavior) + field(10, column) + field(11, float(split))
    return head + field(12, yes) + field(13, no) + field(14, missing)


def leaf(node: int, *values: float, tree: int = 0) -> bytes:
    each = (field(1, index) + field(2, float(value)) for index, value in enumerate(values))
    return field(1, tree) + field(2, node) + field(3, LEAF) + field(20, *each)


LINEAR = model(GLM_REGRESSOR, weights([10.0, 1.0], offsets=[0.0]), version="7")


def classifier(kind: int, body: bytes, labels: Sequence[str] | Sequence[int]) -> bytes:
    """A file whose outputs are ``label`` and, as an object, ``p``."""
    text = isinstance(labels[0], str)
    body += field(100 if text else 101, field(1, *labels))
    names = {"label": STRING if text else INT64, "p": DICTIONARY}
    return model(kind, body, outputs=names, probabilities="p")


def pipeline(*parts: bytes) -> bytes:
    """A file with steps from DOUBLES to ``z``; the first of them can be VECTOR."""
    return model(PIPELINE, field(1, *parts), outputs={"z": ARRAY})


def step(kind: int, body: bytes) -> bytes:
    """A step from VECTOR's output to ``z``."""
    return model(kind, body, inputs={"v": ARRAY}, outputs={"z": ARRAY})


VECTOR = model(
    VECTORIZER, b"".join(field(1, field(1, name) + field(2, 1)) for name in FEATURES), outputs={"v": ARRAY}
)


def opened(
    content: bytes = LINEAR, features: Sequence[str] = FEATURES, threads: int = 2, **options: JsonValue
) -> Backend:
    """The backend with a file of this content, m.mlmodel."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        (Path(folder) / "m.mlmodel").write_bytes(content)
        environment.setenv("COREML_MODELS", folder)
        wanted = {"model": "m.mlmodel", **options}
        return open_backend("coreml", wanted, features, concurrency=threads, hosts=Hosts())


async def outputs(backend: Backend, rows: Sequence[Row]) -> list[JsonValue | AppError]:
    """What the backend answers for the rows; it is closed."""
    found = (await backend.predict(rows, 30)).outputs
    await backend.aclose()
    return [*found]


CONFORMING = model(
    GLM_REGRESSOR, weights([10.0, 1.0], offsets=[0.0]), inputs=dict.fromkeys(platforms.FEATURES, DOUBLE)
)


class CoreML:
    def options(self, url: str, folder: Path) -> dict[str, JsonValue]:
        (folder / "linear.mlmodel").write_bytes(CONFORMING)
        return {"model": "linear.mlmodel"}

    def environment(self, url: str, folder: Path) -> Mapping[str, str]:
        return {"COREML_MODELS": str(folder)}


PLATFORM = CoreML()
