"""The user's sample, read as the import reads it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
from pydantic import JsonValue, ValidationError

from app.core.errors import InvalidInput
from app.schemas.faults import field_errors
from app.schemas.records.imports import FileFormat, ImportLine
from app.services.records.import_lines import FileLine, Reader
from app.services.records.import_options import ColumnOptions
from app.services.records.importer import reader_for
from app.services.use_case import UseCase

MOST = 5000
"""Records of the sample that are used, the first ones."""

IGNORED = pytest.StashKey[Sequence[str]]()
"""The columns of --ignore, which pytest takes for paths of tests."""


@dataclass(frozen=True)
class Known:
    """A record of the sample: its input as it stands in the file, and the label, None where there is none."""

    raw: JsonValue
    label: JsonValue


def add_options(mine: pytest.OptionGroup) -> None:
    """Those of ``records import``, in its spelling; --ignore there is already."""
    mine.addoption("--delimiter", default=",", help="between the cells of a CSV")
    mine.addoption("--id-column", help="the CSV's column of record ids; default id")
    mine.addoption("--label-column", help="the CSV's column of truths; default LABEL")
    mine.addoption(
        "--rename", action="append", default=[], metavar="FROM=TO", help="a CSV's column and its field"
    )


def take_ignored(config: pytest.Config) -> None:
    """Make --ignore name columns, as in ``records import``: no path of tests of that name is left out."""
    config.stash[IGNORED] = config.option.ignore or []
    config.option.ignore = None


def records(path: Path, use_case: UseCase, config: pytest.Config) -> list[Known]:
    """The first records of the file; InvalidInput says what is wrong with it."""
    found = [_known(line) for line in islice(_lines(path, _reader(path, use_case, config)), MOST)]
    if not found:
        raise InvalidInput(f"{path} has no records.")
    return found


def _reader(path: Path, use_case: UseCase, config: pytest.Config) -> Reader:
    given = config.getoption
    columns = ColumnOptions(
        given("--id-column"), given("--label-column"), given("--rename"), config.stash[IGNORED], flags=True
    )
    file_format: FileFormat = "csv" if path.suffix.lower() == ".csv" else "ndjson"
    return reader_for(use_case, file_format, given("--delimiter"), columns)


def _lines(path: Path, reader: Reader) -> Iterator[FileLine]:
    yield from reader.read(path.read_bytes().splitlines(keepends=True))
    yield from reader.finish()


def _known(line: FileLine) -> Known:
    if isinstance(line.content, InvalidInput):
        raise InvalidInput(f"Line {line.number}: {line.content.detail}", errors=line.content.errors)
    try:
        parsed = ImportLine.model_validate(line.content)
    except ValidationError as error:
        detail = f"Line {line.number} does not fit."
        raise InvalidInput(detail, errors=field_errors(error.errors())) from error
    return Known(parsed.input, parsed.label)
