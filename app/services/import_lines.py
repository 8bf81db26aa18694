"""From the bytes of a file to its lines, for a bulk import: NDJSON or CSV, always UTF-8, with or without BOM."""

import codecs
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from app.core import strict_json
from app.core.errors import InvalidInput

MAX_LINE = 1_000_000
"""Bytes of one line, or of one CSV record that spans several."""
BATCH_LINES, BATCH_BYTES = 1000, 4_000_000
"""A batch ends when it has this many lines, or bytes."""


@dataclass(frozen=True)
class Line:
    """One record of the file; ``number`` is its first line, from 1. A fault is a value: later lines stand."""

    number: int
    content: JsonValue | InvalidInput


class Reader(Protocol):
    """Reads batches of raw lines in turn; ``label_field`` is what the file calls the label."""

    @property
    def label_field(self) -> str: ...

    def read(self, lines: Sequence[bytes], *, last: bool = False) -> Iterator[Line]: ...


async def batches(chunks: AsyncIterable[bytes]) -> AsyncIterator[list[bytes]]:
    """The lines of a stream, in batches. A line longer than MAX_LINE is cut off somewhere after that."""
    rest, lines, size, mark = b"", list[bytes](), 0, codecs.BOM_UTF8
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        rest = rest[: MAX_LINE + 1]
        lines += [line + b"\n" for line in whole]
        size += len(chunk)
        if len(lines) >= BATCH_LINES or size >= BATCH_BYTES:
            for start in range(0, len(lines), BATCH_LINES):
                yield lines[start : start + BATCH_LINES]
            lines, size = [], 0
    if rest:
        lines.append(rest)
    for start in range(0, len(lines), BATCH_LINES):
        yield lines[start : start + BATCH_LINES]


class NdjsonReader:
    """One JSON object per line; empty lines are passed over."""

    label_field = "label"

    def __init__(self) -> None:
        self._number = 0

    def read(self, lines: Sequence[bytes], *, last: bool = False) -> Iterator[Line]:
        for line in lines:
            self._number += 1
            if not line.isspace():
                yield Line(self._number, self._parse(line))

    def _parse(self, line: bytes) -> JsonValue | InvalidInput:
        try:
            return strict_json.parse(_decode(line))
        except InvalidInput as error:
            return error
