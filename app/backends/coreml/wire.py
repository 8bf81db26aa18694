"""Protocol Buffers' wire format, as far as Core ML's model files use it.

The generated classes come only with coremltools, which brings 50 MB of packages, takes seconds of processor
time to import, and imports scikit-learn and XGBoost where they are installed. A file needs four wire types
(protobuf.dev, "Encoding"): reading them is short. A field that is absent has its default, as in proto3.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


class UnusableModel(ValueError):
    """The file is no Core ML model, or one that cannot be evaluated here; says why."""


class Message:
    """One message's fields by number, decoded one level deep. UnusableModel where the bytes are broken."""

    def __init__(self, data: bytes) -> None:
        self._fields: dict[int, list[int | bytes]] = {}
        for number, value in _fields(data):
            self._fields.setdefault(number, []).append(value)

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    def __iter__(self) -> Iterator[int]:
        """The numbers of the fields that are there."""
        return iter(self._fields)

    def integer(self, number: int) -> int:
        """An integer, enumeration or boolean (0 or 1)."""
        value = self._fields.get(number, [0])[-1]
        if isinstance(value, bytes):
            raise _wrong_type(number)
        return value

    def real(self, number: int) -> float:
        values = self.reals(number)
        return float(values[-1]) if len(values) else 0.0

    def text(self, number: int) -> str:
        texts = self.texts(number)
        return texts[-1] if texts else ""

    def message(self, number: int) -> "Message":
        """A message; parts of one that comes in several are put together, as the format demands."""
        return Message(b"".join(self._bytes(number)))

    def messages(self, number: int) -> list["Message"]:
        return [Message(data) for data in self._bytes(number)]

    def texts(self, number: int) -> list[str]:
        try:
            return [data.decode() for data in self._bytes(number)]
        except UnicodeDecodeError as error:
            raise UnusableModel(f"field {number} is not UTF-8") from error

    def reals(self, number: int) -> NDArray[np.float64]:
        """Doubles, packed or one by one: either way their bytes follow one another."""
        data = b"".join(self._bytes(number))
        if len(data) % 8:
            raise _wrong_type(number)
        return np.frombuffer(data, dtype="<f8").astype(np.float64)

    def integers(self, number: int) -> list[int]:
        found: list[int] = []
        for value in self._fields.get(number, []):
            found += [value] if isinstance(value, int) else _packed(value)
        return found

    def _bytes(self, number: int) -> list[bytes]:
        values = self._fields.get(number, [])
        found = [value for value in values if isinstance(value, bytes)]
        if len(found) != len(values):
            raise _wrong_type(number)
        return found


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            number, at = _varint(data, at)
            yield key >> 3, _signed(number)
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise UnusableModel("the file is not a Core ML model")
        if at + size > len(data):
            raise UnusableModel("the file is not a Core ML model, or not whole")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number, seven bits a byte, and where the next field begins."""
    number = 0
    for place, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return number, at + place + 1
    raise UnusableModel("the file is not a Core ML model, or not whole")


def _signed(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number


def _packed(data: bytes) -> list[int]:
    found, at = [], 0
    while at < len(data):
        number, at = _varint(data, at)
        found.append(_signed(number))
    return found


def _wrong_type(number: int) -> UnusableModel:
    return UnusableModel(f"the file is not a Core ML model: its field {number} has the wrong type")
