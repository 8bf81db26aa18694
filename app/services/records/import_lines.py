"""From the bytes of a file to its records, in a bulk import: lines of NDJSON in UTF-8, with a BOM or not."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue
from pydantic_core import from_json

from app.core import strict_json
from app.core.errors import InvalidInput
from app.schemas.values.plain import adapter_of, plain_json
from app.services.records.import_columns import Columns
from app.services.records.import_plainly import Given, Plainly, texts_of
from app.services.use_case import UseCase

MAX_LINE = 1_000_000
"""Bytes of one line, or of one CSV record that spans several."""
BATCH_LINES = 2000
BATCH_BYTES = 4_000_000


@dataclass(frozen=True)
class FileLine:
    """One record of the file, with its first line, from 1, and its last. A fault is a value: later lines
    stand."""

    number: int
    content: JsonValue | InvalidInput
    last: int

    @property
    def lines(self) -> int:
        return self.last - self.number + 1


@dataclass(frozen=True)
class LineBatch:
    """What some lines came to: frames that are ready to be copied, how many lines those were, and records
    that need a closer look, which are read as they are asked for."""

    frames: Sequence[bytes]
    lines: int
    rest: Iterable[FileLine]


class Reader(Protocol):
    """Turns physical lines, batch by batch, into records.

    A reader may keep lines back until it has seen more of them; ``finish`` hands those over. ``columns`` are
    those of a header that has been read. ``batch`` is the same as ``read``, quicker where it can be.
    """

    @property
    def columns(self) -> Columns | None: ...

    def read(self, lines: list[bytes]) -> Iterable[FileLine]: ...

    def batch(self, lines: list[bytes]) -> LineBatch: ...

    def finish(self) -> Iterable[FileLine]: ...


async def batches(chunks: AsyncIterable[bytes]) -> AsyncIterator[list[bytes]]:
    """The physical lines of a stream, in batches. Of a line longer than MAX_LINE only the start is kept."""
    rest, lines, size = b"", list[bytes](), 0
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        rest = rest[: MAX_LINE + 1]
        lines += [line + b"\n" for line in whole]
        size += len(chunk)
        while len(lines) >= BATCH_LINES or (size >= BATCH_BYTES and lines):
            yield lines[:BATCH_LINES]
            lines, size = lines[BATCH_LINES:], 0
    lines += [rest] if rest else []
    for start in range(0, len(lines), BATCH_LINES):
        yield lines[start : start + BATCH_LINES]


class NdjsonReader:
    """One JSON object a line; blank lines are passed over."""

    columns = None

    def __init__(self, use_case: UseCase) -> None:
        self._plainly = Plainly(use_case, plain_json)
        self._inputs = plain_json(adapter_of(use_case.input_type))
        self._number = 0

    def read(self, lines: list[bytes]) -> Iterator[FileLine]:
        return _closely(self._numbered(lines))

    def batch(self, lines: list[bytes]) -> LineBatch:
        numbered = self._numbered(lines)
        frames = self._plainly.frames(self._given(numbered))
        ready = [frame for frame in frames if frame is not None]
        left = (one for one, frame in zip(numbered, frames, strict=True) if frame is None)
        return LineBatch(ready, len(ready), _closely(left))

    def _numbered(self, lines: list[bytes]) -> list[tuple[int, bytes]]:
        first, self._number = self._number + 1, self._number + len(lines)
        return [*enumerate(lines, first)]

    def _given(self, numbered: Sequence[tuple[int, bytes]]) -> Given:
        read = [_members(line) for _, line in numbered]
        parts = {part: [one.get(part) for one in read] for part in KNOWN}
        return Given(
            [number for number, _ in numbered],
            parts["id"],
            texts_of(self._inputs, parts["input"]),
            parts["label"],
            parts["observed_at"],
        )

    def finish(self) -> Iterable[FileLine]:
        return ()


def _closely(numbered: Iterable[tuple[int, bytes]]) -> Iterator[FileLine]:
    for number, line in numbered:
        yield from _parsed(number, line)


def _parsed(number: int, line: bytes) -> Iterator[FileLine]:
    try:
        text = decode(of_a_length(line), number).strip()
        if text:
            yield FileLine(number, strict_json.parse_bounded(text), number)
    except InvalidInput as error:
        yield FileLine(number, error, number)


NOTHING: Mapping[str, object] = {}
KNOWN = frozenset({"id", "input", "label", "observed_at"})


def _members(line: bytes) -> Mapping[str, object]:
    """What a line holds; nothing where it needs a closer look to say.

    In JSON without a blank behind a quote each member has a quote and a colon. So where there are as many of
    those as members were read, none was given twice.
    """
    if len(line) > MAX_LINE or b'" ' in line or b'"\t' in line or b'"\r' in line:
        return NOTHING
    try:
        read: object = from_json(line, allow_inf_nan=False)
    except ValueError:
        return NOTHING
    if not isinstance(read, dict) or not read.keys() <= KNOWN:
        return NOTHING
    given = read.get("input")
    members = len(read) + len(given) if isinstance(given, dict) else 0
    return read if line.count(b'":') == members else NOTHING


class NoText(InvalidInput):
    """A line that is not in UTF-8."""


def of_a_length(line: bytes) -> bytes:
    if len(line) > MAX_LINE:
        raise InvalidInput(f"The line is longer than {MAX_LINE} bytes.")
    return line


def decode(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise NoText(f"Line {number} is not valid UTF-8 (byte {error.start + 1}).") from error
