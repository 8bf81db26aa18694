"""How many lines of a file are lost with a record that cannot be read, and which."""

import pytest

from app.core.errors import InvalidInput
from app.db.engine import Sessions
from app.schemas.records.imports import ImportReport
from app.services.records import importer
from tests.services.records.test_importer import as_csv, chunks, row
from tests.support.use_case import TRANSIT

HEADER, _ = as_csv(row("a")).split(b"\n", 1)
NUMBERED = [as_csv(row(f"r{number}")).split(b"\n", 1)[1] for number in range(60)]


async def read(sessions: Sessions, *lines: bytes, skip_bad: bool = True, size: int = 1000) -> ImportReport:
    data = HEADER + b"\n" + b"".join(lines)
    parts = chunks(data, size)
    return await importer.import_records(sessions, TRANSIT, parts, file_format="csv", skip_bad=skip_bad)


def opened(line: bytes) -> bytes:
    return line.replace(b",", b',"', 1)


@pytest.mark.parametrize("size", [1, 100, 100_000])
async def test_a_quote_that_is_not_closed_takes_every_line_after_it(sessions: Sessions, size: int) -> None:
    lines = [*NUMBERED[:2], opened(NUMBERED[2]), *NUMBERED[3:59]]
    report = await read(sessions, *lines, size=size)
    assert (report.created, report.read, report.skipped) == (2, 59, 57)
    [fault] = report.errors
    assert (fault.line, fault.last_line) == (4, 60)
    assert "a quote that line 4 opens takes the lines to 60 into one cell" in fault.message
    with pytest.raises(InvalidInput, match="57 lines do not fit") as refused:
        await read(sessions, *lines, skip_bad=False)
    assert [one.field for one in refused.value.errors] == ["lines 4 to 60"]


async def test_one_that_is_closed_by_another_takes_those_between(sessions: Sessions) -> None:
    lines = [opened(NUMBERED[0]), *NUMBERED[1:5], opened(NUMBERED[5]), *NUMBERED[6:10]]
    report = await read(sessions, *lines)
    assert (report.created, report.skipped, report.read) == (4, 6, 10)
    assert {(fault.line, fault.last_line) for fault in report.errors} == {(2, 7)}


@pytest.mark.parametrize("size", [1, 100, 100_000])
@pytest.mark.parametrize("skip_bad", [True, False])
async def test_a_byte_that_is_no_text_takes_the_row_around_it(
    sessions: Sessions, *, size: int, skip_bad: bool
) -> None:
    """What stands in the cell after it looks like rows, and is none."""
    broken = (
        as_csv(row("b", carrier=f"two\n?\n{NUMBERED[9].decode()}")).split(b"\n", 1)[1].replace(b"?", b"\xff")
    )
    lines = [NUMBERED[0], broken, *NUMBERED[1:4]]
    if not skip_bad:
        with pytest.raises(InvalidInput, match="4 lines do not fit") as refused:
            await read(sessions, *lines, skip_bad=False, size=size)
        assert [one.field for one in refused.value.errors] == ["lines 3 to 6"]
        return
    report = await read(sessions, *lines, size=size)
    assert (report.created, report.skipped, report.read) == (4, 4, 8)
    [fault] = report.errors
    assert (fault.line, fault.last_line, "Line 4 is not valid UTF-8" in fault.message) == (3, 6, True)


async def test_of_a_quote_that_is_not_closed_what_is_no_text_is_told_first(sessions: Sessions) -> None:
    report = await read(sessions, opened(NUMBERED[0]), NUMBERED[1], b"\xff\n", *NUMBERED[2:4])
    [fault] = report.errors
    assert (fault.line, fault.last_line, "UTF-8" in fault.message) == (2, 6, True)


async def test_a_good_row_of_several_lines_whose_values_do_not_fit(sessions: Sessions) -> None:
    bad = as_csv(row("b", carrier="two\nlines", origin_lat=91)).split(b"\n", 1)[1]
    report = await read(sessions, NUMBERED[0], bad, NUMBERED[1])
    assert (report.created, report.skipped, report.read) == (2, 2, 4)
    assert [(fault.line, fault.last_line, fault.field) for fault in report.errors] == [(3, 4, "origin_lat")]
