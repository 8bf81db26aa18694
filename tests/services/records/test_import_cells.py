"""What is told of a number that is none: in a CSV there is no null to put there."""

import pytest
from pydantic import BaseModel

from app.core.errors import InvalidInput
from app.schemas.records.imports import FileFormat
from app.services.records import importer
from app.services.records.import_options import NO_OPTIONS
from tests.support.use_case import changed


class Reading(BaseModel):
    level: float | None = None


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


def test_a_line_of_json_has_null() -> None:
    line = '{"id": "a", "input": {"level": "nan"}}\n'
    assert fault(line, "ndjson")[1] == "a number must be finite; use null where a value is missing"
