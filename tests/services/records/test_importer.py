"""Bulk import into a real database: counts, line numbers, and what is refused."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import JsonValue

from app.core.errors import InvalidInput
from app.db.engine import Sessions
from app.schemas.records.imports import ImportReport
from app.schemas.records.records import Record
from app.services.records import importer, records
from app.services.records.import_lines import BATCH_LINES, MAX_LINE, batches
from tests.support.orders import order
from tests.support.use_case import TRANSIT

FIELDS = list(order())
HEADER = ["id", *FIELDS, "transit_minutes", "observed_at"]


async def chunks(data: bytes, size: int = 1 << 16) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def as_ndjson(*lines: JsonValue) -> bytes:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def as_csv(*rows: dict[str, JsonValue], header: Sequence[str] = HEADER, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def row(record_id: str, **changes: JsonValue) -> dict[str, JsonValue]:
    return {"id": record_id} | order() | changes


async def read_csv(
    sessions: Sessions, data: bytes, *, delimiter: str = ",", skip_bad: bool = False
) -> ImportReport:
    return await importer.import_records(
        sessions, TRANSIT, chunks(data), file_format="csv", delimiter=delimiter, skip_bad=skip_bad
    )


async def read_ndjson(sessions: Sessions, data: bytes, *, skip_bad: bool = False) -> ImportReport:
    return await importer.import_records(
        sessions, TRANSIT, chunks(data), file_format="ndjson", skip_bad=skip_bad
    )


async def stored(sessions: Sessions) -> dict[str, Record]:
    page = await records.page(sessions, limit=1000, cursor=None, prefix="")
    return {record.id: record for record in page.items}


async def refused(sessions: Sessions, data: bytes, *, delimiter: str = ",") -> dict[str, str]:
    """The faults by place, once nothing turned out to be stored."""
    with pytest.raises(InvalidInput) as caught:
        await read_csv(sessions, data, delimiter=delimiter)
    assert await stored(sessions) == {}
    return {fault.field: fault.message for fault in caught.value.errors}


def numbers(report: ImportReport) -> tuple[int, ...]:
    labels = report.labels
    return (
        report.created,
        report.updated,
        report.unchanged,
        labels.created,
        labels.updated,
        labels.unchanged,
    )


async def test_ndjson_is_counted_and_a_second_time_changes_nothing(sessions: Sessions) -> None:
    lines: list[dict[str, JsonValue]] = [
        {"id": "a", "input": order(1), "label": 10, "observed_at": "2024-01-01T05:30:00+05:30"},
        {"id": "b", "input": order(1), "label": "11"},
        {"id": "c", "input": order(1), "label": None},
    ]
    assert numbers(await read_ndjson(sessions, as_ndjson(*lines))) == (3, 0, 0, 2, 0, 0)
    before = await stored(sessions)
    assert [record.label and record.label.value for record in before.values()] == [10.0, 11.0, None]
    assert before["a"].model_dump(mode="json")["label"]["observed_at"] == "2024-01-01T00:00:00Z"
    assert numbers(await read_ndjson(sessions, as_ndjson(*lines))) == (0, 0, 3, 0, 0, 2)
    assert await stored(sessions) == before

    lines[0]["input"], lines[1]["label"] = order(2), 12
    lines.append({"id": "d", "input": order(1)})
    report = await read_ndjson(sessions, as_ndjson(*lines))
    assert (report.read, report.skipped, numbers(report)) == (4, 0, (1, 1, 2, 0, 1, 1))
    after = await stored(sessions)
    assert after["a"].updated_at > before["a"].updated_at
    assert after["a"].label == before["a"].label
    assert (after["b"].updated_at, after["c"]) == (before["b"].updated_at, before["c"])


async def test_a_csv_stores_what_the_api_stores(sessions: Sessions) -> None:
    data = as_csv(row("a", recent_transit_ratio="", transit_minutes="10"), row("b", transit_minutes=""))
    assert numbers(await read_csv(sessions, data)) == (2, 0, 0, 1, 0, 0)
    written = await stored(sessions)
    _, created = await records.put(sessions, TRANSIT, "a", order(None))
    assert not created
    assert await stored(sessions) == written
    assert (written["b"].input, written["b"].label) == (order(), None)
    assert written["a"].label is not None


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
async def test_any_cut_of_the_stream_reads_the_same(sessions: Sessions, size: int, bom: bytes) -> None:
    rows = [row("é", carrier='a\n"b"\r\nc'), row("🚚", origin="x,y")]
    report = await importer.import_records(
        sessions, TRANSIT, chunks(bom + as_csv(*rows).rstrip(), size), file_format="csv"
    )
    lines: list[JsonValue] = [{"id": key, "input": order()} for key in ("日", "d")]
    more = await importer.import_records(
        sessions, TRANSIT, chunks(bom + b"\n \n" + as_ndjson(*lines).rstrip(), size), file_format="ndjson"
    )
    assert (report.read, more.read) == (4, 2)
    found = await stored(sessions)
    assert set(found) == {"é", "🚚", "日", "d"}
    assert (found["é"].input["carrier"], found["🚚"].input["origin"]) == ('a\n"b"\r\nc', "x,y")


async def test_more_lines_than_a_batch(sessions: Sessions) -> None:
    rows = [row(f"{number:05}", carrier="two\nlines") for number in range(2500)]
    report = await read_csv(sessions, as_csv(*rows, row("bad", origin_lat=91)), skip_bad=True)
    assert (report.read, report.created, report.errors[0].line) == (5001, 2500, 5002)


async def test_of_several_lines_with_one_id_the_last_wins(sessions: Sessions) -> None:
    lines: list[JsonValue] = [
        {"id": "a", "input": order(1), "label": 1},
        {"id": "a", "input": order(2), "label": 2},
        {"id": "a", "input": order(3)},
    ]
    report = await read_ndjson(sessions, as_ndjson(*lines))
    assert (report.read, numbers(report)) == (3, (1, 0, 0, 1, 0, 0))
    record = (await stored(sessions))["a"]
    assert record.input == order(3.0)
    assert record.label is not None
    assert record.label.value == 2.0


async def test_optional_columns_may_be_left_out_and_a_delimiter_given(sessions: Sessions) -> None:
    header = ["scheduled_at", *[name for name in HEADER[:-3] if name != "scheduled_at"]]
    short = {name: value for name, value in row("a").items() if name in header}
    data = as_csv(short, header=header, delimiter=";")
    assert numbers(await read_csv(sessions, data, delimiter=";")) == (1, 0, 0, 0, 0, 0)
    assert (await stored(sessions))["a"].input == order(None)


async def test_na_is_text_where_text_is_wanted(sessions: Sessions) -> None:
    await read_csv(sessions, as_csv(row("NA", carrier="NA")))
    assert (await stored(sessions))["NA"].input["carrier"] == "NA"
    with pytest.raises(InvalidInput) as caught:
        await read_csv(sessions, as_csv(row("b", recent_transit_ratio="NA", transit_minutes="NA")))
    assert [fault.field for fault in caught.value.errors] == ["line 2: recent_transit_ratio"]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n"])
async def test_no_delimiter(sessions: Sessions, delimiter: str) -> None:
    assert list(await refused(sessions, as_csv(row("a")), delimiter=delimiter)) == ["delimiter"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("id,oops,carrier", "oops"),
        ("id,carrier", "origin_lat"),
        ("id;carrier;origin", "id;carrier;origin"),
        (",".join(HEADER[1:]), "id is missing"),
        (",".join([*HEADER, "carrier"]), "carrier comes twice"),
        ("a,UA,EWR,MIA,1,2,3,4,2013-01-01T11:07:00Z,1,2,", "'UA' is unknown"),
        ("", "found nothing"),
        ("\ufeff", "found nothing"),
    ],
)
async def test_a_header_that_does_not_fit(sessions: Sessions, header: str, said: str) -> None:
    for skip_bad in (False, True):
        with pytest.raises(InvalidInput) as caught:
            await read_csv(sessions, header.encode() + b"\na,b\n" if header else b"", skip_bad=skip_bad)
        error = caught.value
        assert said in error.detail + str(error.errors)
        assert "Expected id, carrier, origin" in error.detail


async def test_an_empty_ndjson_file(sessions: Sessions) -> None:
    for data in (b"", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"):
        report = await read_ndjson(sessions, data)
        assert (report.read, *numbers(report)) == (0, 0, 0, 0, 0, 0, 0)


async def test_wrong_encodings(sessions: Sessions) -> None:
    latin = as_csv(row("a"), row("b", carrier="é")).decode().encode("latin-1")
    assert "UTF-8" in (await refused(sessions, latin))["line 3"]
    inside = as_csv(row("a", carrier="x\né")).decode().encode("latin-1")
    assert "UTF-8" in (await refused(sessions, inside))["lines 2 to 3"]
    assert "UTF-8" in (await refused(sessions, latin.decode("latin-1").encode("utf-16")))["line 1"]
    with pytest.raises(InvalidInput) as caught:
        await read_ndjson(sessions, as_ndjson({"id": "é"}).decode().encode("utf-16"))
    assert "UTF-8" in caught.value.errors[0].message


async def test_every_bad_line_is_listed_with_its_physical_number(sessions: Sessions) -> None:
    good, quoted = as_csv(row("a")), as_csv(row("b", carrier="two\nlines")).split(b"\n", 1)[1]
    short, long, stray = b"x,y\n", b",".join([b"1"] * 13) + b"\n", b'x,"y"z,1\n'
    typed = as_csv(row("c", origin_lat=91, scheduled_at="2013-01-01T11:07:00")).split(b"\n", 1)[1]
    late = as_csv(row("d", transit_minutes="nan")).split(b"\n", 1)[1]
    found = await refused(
        sessions, good + quoted + short + b"\n" + long + stray + typed + late + b'e,"open\n\n'
    )
    assert list(found) == [
        *("line 5", "line 7", "line 8", "line 9: origin_lat", "line 9: scheduled_at"),
        *("line 10: transit_minutes", "lines 11 to 12"),
    ]
    assert found["line 5"] == "The row has 2 cells, the header 12."
    assert found["line 7"] == "The row has 13 cells, the header 12."
    assert "finite" in found["line 10: transit_minutes"]
    assert "unexpected end" in found["lines 11 to 12"]


async def test_bad_ndjson_lines(sessions: Sessions) -> None:
    lines = [
        *(b'{"id": "a"}', b"[1]", b"null", b"{", b'{"id": "", "input": {}}', b'{"id": "a", "input": 3}'),
        *(b'{"id": "a", "input": {"carrier": "\\u0000"}}', b'{"id": "a", "input": {"x": NaN}}'),
        as_ndjson({"id": "b", "input": order(), "lable": 1}).rstrip(),
        as_ndjson({"id": "b", "input": order(), "label": "NA"}).rstrip(),
        as_ndjson({"id": "b", "input": order(), "label": 1, "observed_at": "2013-01-01T11:07:00"}).rstrip(),
        as_ndjson({"id": "good", "input": order()}).rstrip(),
        b'{"id": "' + b"x" * MAX_LINE + b'"}',
    ]
    report = await read_ndjson(sessions, b"\n".join(lines), skip_bad=True)
    assert (report.read, report.created, report.skipped) == (13, 1, 12)
    assert [(error.line, error.field) for error in report.errors] == [
        *((1, "input"), (2, ""), (3, ""), (4, ""), (5, "id"), (6, "input")),
        *((7, "input.carrier"), (8, "input.x")),
        *((9, "lable"), (10, "label"), (11, "observed_at"), (13, "")),
    ]
    assert list(await stored(sessions)) == ["good"]


async def test_no_more_than_a_hundred_faults_are_listed(sessions: Sessions) -> None:
    data = as_csv(*(row(str(number), origin_lat=91) for number in range(3000)), row("good"))
    with pytest.raises(InvalidInput) as caught:
        await read_csv(sessions, data)
    assert [fault.field for fault in caught.value.errors] == [f"line {n}: origin_lat" for n in range(2, 102)]
    assert await stored(sessions) == {}
    report = await read_csv(sessions, data, skip_bad=True)
    assert (report.read, report.skipped, report.created, len(report.errors)) == (3001, 3000, 1, 100)


async def test_reading_stops_at_a_hundred_faults(sessions: Sessions) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"{\n" * BATCH_LINES

    with pytest.raises(InvalidInput, match="reading stopped"):
        await importer.import_records(sessions, TRANSIT, endless(), file_format="ndjson")
    assert taken == 1


async def test_a_line_that_never_ends_is_not_collected_for_ever() -> None:
    [batch] = [batch async for batch in batches(chunks(b"x" * 5 * MAX_LINE))]
    assert [len(line) for line in batch] == [MAX_LINE + 1]


async def test_a_quote_that_is_never_closed(sessions: Sessions) -> None:
    data = as_csv(row("a")) + b'b,"' + b"x\n" * 100_000
    [(first, said), *_] = (await refused(sessions, data)).items()
    assert (first, "field limit" in said) == ("lines 3 to 65539", True)


async def test_a_row_that_never_ends_is_not_collected_for_ever(sessions: Sessions) -> None:
    cell = b"x" * 1000 + b"\n"
    data = as_csv(row("a")) + b'b,"' + (cell * 99 + b'x","x\n') * (2 * MAX_LINE // 100_000)
    for skip_bad in (False, True):
        with pytest.raises(InvalidInput, match="begins in line 3"):
            await read_csv(sessions, data, skip_bad=skip_bad)


async def test_u0000_in_a_cell(sessions: Sessions) -> None:
    data = as_csv(row("a"), row("b", carrier="x\0"), row("c\0"))
    found = await refused(sessions, data)
    assert list(found) == ["line 3: carrier", "line 4: id"]
    assert "U+0000" in found["line 3: carrier"]


async def test_a_stream_that_breaks_off_leaves_nothing(sessions: Sessions) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield as_csv(*(row(str(number)) for number in range(1500)))
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await importer.import_records(sessions, TRANSIT, broken(), file_format="csv")
    assert await stored(sessions) == {}
    assert (await read_csv(sessions, as_csv(row("a")))).created == 1


async def test_imports_of_the_same_records_at_once(sessions: Sessions) -> None:
    rows = [row(f"{number:03}", transit_minutes=number) for number in range(300)]
    reports = await asyncio.gather(
        read_csv(sessions, as_csv(*rows)), read_csv(sessions, as_csv(*reversed(rows)))
    )
    assert sorted(numbers(report) for report in reports) == [(0, 0, 300, 0, 0, 300), (300, 0, 0, 300, 0, 0)]
