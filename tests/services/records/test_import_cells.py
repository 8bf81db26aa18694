"""What is told of a number that is none: in a CSV there is no null to put there."""

from datetime import date, datetime

import pytest
from pydantic import BaseModel

from app.core.errors import InvalidInput
from app.schemas.records.imports import FileFormat
from app.services.records import importer
from app.services.records.import_options import NO_OPTIONS
from tests.support.use_case import changed


class Reading(BaseModel):
    level: float | None = None
    at: datetime | None = None
    day: date | None = None


READINGS = changed(InputObject=Reading, LABEL="truth", Label=float)


def fault(text: str, file_format: FileFormat) -> tuple[str, str]:
    reader = importer.reader_for(READINGS, file_format, ",", NO_OPTIONS)
    [line] = [*reader.read(text.encode().splitlines(keepends=True)), *reader.finish()]
    with pytest.raises(InvalidInput) as caught:
        importer.incoming(READINGS, line, reader.columns)
    [found] = caught.value.errors
    return found.field, found.message


@pytest.mark.parametrize("number", ["nan", "inf", "-Infinity"])
@pytest.mark.parametrize(("field", "cells"), [("level", "{},1"), ("truth", "2,{}")])
def test_a_cell_is_left_empty(number: str, field: str, cells: str) -> None:
    text = f"id,level,truth\na,{cells.format(number)}\n"
    right = "a number must be finite; leave the cell empty where a value is missing"
    assert fault(text, "csv") == (field, right)


@pytest.mark.parametrize(
    ("column", "cell", "right"),
    [
        ("at", "20231105", "a time such as 2024-02-29T15:30:00Z; what a number stands for would be a guess"),
        ("at", "202402291530", "a time such as"),
        ("day", "0", "a day such as 2024-02-29"),
        ("level", "1_234", "a number of the digits 0 to 9, with nothing between them"),
        ("truth", "1_234", "a number of the digits 0 to 9"),
    ],
)
def test_a_cell_is_no_guess(column: str, cell: str, right: str) -> None:
    field, message = fault(f"id,{column}\na,{cell}\n", "csv")
    assert field == column
    assert message.startswith(f"must be {right}")


def test_an_id_with_a_blank_at_its_end_is_told() -> None:
    field, message = fault("id\na \n", "csv")
    assert (field, "U+0020 SPACE" in message) == ("id", True)


def test_a_line_of_json_has_null() -> None:
    line = '{"id": "a", "input": {"level": "nan"}}\n'
    assert fault(line, "ndjson")[1] == "a number must be finite; use null where a value is missing"
