"""A batch of lines comes to the same whether it is taken at once or looked at line by line."""

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from app.core.errors import InvalidInput
from app.db.records.imports import NULL, columns_of, framed
from app.schemas.records.imports import FileFormat
from app.services.records import importer
from app.services.records.import_lines import FileLine, Reader
from app.services.records.import_options import NO_OPTIONS
from tests.support.orders import order
from tests.support.use_case import TRANSIT

MANY = settings(max_examples=2000, deadline=None)
FIELDS = [*TRANSIT.input_type.model_fields]
HEADER = ",".join(["id", *FIELDS, TRANSIT.label, "observed_at"]).encode() + b"\n"
IDS = st.sampled_from(["a", "b1", ".", "..", ".a", " a", "a\\b", "ä", "a\u200b", "", "x" * 201, "a b"])
ODD = st.sampled_from(
    ["", "nan", "1_0", "1e400", "-0", "0.00001", "\\", '"', "é", "true", "2024-02-29", "\0"]
)
MOMENTS = st.sampled_from(["", "2024-02-29T10:00:00Z", "2024-02-29T10:00:00.25+02:00", "2024-02-29", "1"])

Outcome = tuple[list[bytes], list[object], int]


def looked_at(reader: Reader, lines: list[FileLine]) -> Outcome:
    frames, faults = list[bytes](), list[object]()
    for line in lines:
        try:
            frames += framed(columns_of(importer.incoming(TRANSIT, line, reader.columns)))
        except InvalidInput as error:
            faults.append((line.number, line.last, error.detail, error.errors))
    return frames, faults, sum(line.lines for line in lines)


def carefully(lines: list[bytes], file_format: FileFormat) -> Outcome:
    reader = importer.reader_for(TRANSIT, file_format, ",", NO_OPTIONS)
    return looked_at(reader, [*reader.read(lines[:3]), *reader.read(lines[3:]), *reader.finish()])


def at_once(lines: list[bytes], file_format: FileFormat) -> Outcome:
    reader = importer.reader_for(TRANSIT, file_format, ",", NO_OPTIONS)
    ready, rest, taken = list[bytes](), list[FileLine](), 0
    for part in (lines[:3], lines[3:]):
        batch = reader.batch(part)
        ready, rest, taken = [*ready, *batch.frames], [*rest, *batch.rest], taken + batch.lines
    frames, faults, read = looked_at(reader, [*rest, *reader.finish()])
    return [*ready, *frames], faults, read + taken


def require_same(lines: list[bytes], file_format: FileFormat) -> None:
    (quick, *said), (slow, *right) = at_once(lines, file_format), carefully(lines, file_format)
    assert (sorted(map(copied, quick)), said) == (sorted(map(copied, slow)), right)


def copied(frame: bytes) -> tuple[bytes, str]:
    """What Postgres reads, to which a moment is the same one with any offset."""
    *parts, moment, own_model = frame.strip().split(b"\t")
    assert own_model == NULL
    rest, text = b"\t".join(parts), moment.decode()
    return rest, text if text == "\\N" else datetime.fromisoformat(text).astimezone(UTC).isoformat()


GOOD = {name: str(value) for name, value in order().items() if value is not None}
# Each strategy is made once: made at each draw, they took most of the time.
ODD_CELLS = st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=1)
LABELS = st.sampled_from(["", "12", "x", "-0.0"])
LENGTHS = st.sampled_from([99, 99, 99, 5])
QUOTES = st.sampled_from(["", "", '"', '"\n'])
ROW_ENDS = st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\xff\n"])


def _row(
    record_id: str, odd: dict[str, str], label: str, moment: str, length: int, quote: str, end: bytes
) -> bytes:
    changed = GOOD | odd
    cells = [record_id, *(changed.get(name, "") for name in FIELDS), label, moment][:length]
    if quote:
        cells[1] = f'{quote}{cells[1]}"'
    return ",".join(cells).encode() + end


ROWS = st.builds(_row, IDS, ODD_CELLS, LABELS, MOMENTS, LENGTHS, QUOTES, ROW_ENDS)


@MANY
@given(st.lists(ROWS, max_size=6))
def test_rows_of_a_csv(found: list[bytes]) -> None:
    require_same(b"".join([HEADER, *found]).splitlines(keepends=True), "csv")


NUMBERS = st.sampled_from(
    ["1", "1.0", "-0.0", "1e-7", "1e300", "NaN", "1" * 400, "0.1000000000000000000001", "false"]
)
MEMBERS: list[JsonValue] = [None, 1, "x", True, [], {}, ":", "a\\", '"', "\0", "\ud800"]
CHANGES = st.sampled_from(
    [{}, {}, {}, *({name: member} for name in ("carrier", "origin_lat", "other") for member in MEMBERS)]
)
KEPT = st.sampled_from([("id", "input"), ("id", "input", "label"), ("id", "input", "label", "observed_at")])
WAYS = st.sampled_from(
    [
        *("{}}}", "{}}}", "{}}}", '{}, "id": "z"}}', '{}, "id" : "z"}}', '{}, "\\u0069d":"z"}}', "[{}}}]"),
        *(" {}}}", "{}}}}}", "{}}} 1", "{}", '{}, "label":null}}', '{}, "x":":"}}'),
    ]
)
ENDS = st.sampled_from([b"\n", b"\n", b"\r\n", b" \n", b"\n\n", b"\xff\n"])


def _object(
    record_id: str, moment: str, change: dict[str, JsonValue], kept: tuple[str, ...], *ends: object
) -> bytes:
    content = {"id": record_id, "input": order() | change, "label": 12, "observed_at": moment}
    text = json.dumps({name: content[name] for name in kept})
    number, way, end = ends
    assert isinstance(end, bytes)
    text = text.replace("40.6925", str(number)).removesuffix("}")
    return str(way).format(text).encode() + end


OBJECTS = st.builds(_object, IDS, MOMENTS, CHANGES, KEPT, NUMBERS, WAYS, ENDS)


@MANY
@given(st.lists(OBJECTS, max_size=6))
def test_lines_of_ndjson(found: list[bytes]) -> None:
    require_same(b"".join(found).splitlines(keepends=True), "ndjson")


def test_what_is_common_is_taken_at_once() -> None:
    line = json.dumps({"id": "a", "input": order(), "label": 12.5, "observed_at": "2024-02-29T10:00:00Z"})
    batch = importer.reader_for(TRANSIT, "ndjson", ",", NO_OPTIONS).batch([line.encode() + b"\n"] * 3)
    assert (len(batch.frames), batch.lines, [*batch.rest]) == (3, 3, [])
    cells = ["a", *("" if value is None else f'"{value}"' for value in order().values()), "12", ""]
    row = ",".join(cells).encode() + b"\n"
    batch = importer.reader_for(TRANSIT, "csv", ",", NO_OPTIONS).batch([HEADER, row, row])
    assert (len(batch.frames), batch.lines, [*batch.rest]) == (2, 2, [])
