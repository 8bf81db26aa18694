"""The user's sample, read as the import reads it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.core.errors import FieldError, InvalidInput
from app.schemas.records.imports import FileFormat
from app.services.records import importer
from app.services.records.import_columns import Columns
from app.services.records.import_lines import FileLine, Reader
from app.services.records.import_options import ColumnOptions
from app.services.use_case import UseCase

MOST = 5000
"""Records of the sample that are used, the first ones."""
LISTED = 20
"""Faults that are told at most."""

IGNORED = pytest.StashKey[Sequence[str]]()
"""The columns of --ignore, which pytest takes for paths of tests."""


@dataclass(frozen=True)
class Known:
    """A record of the sample: its input as it stands in the file, and the truth as it is stored, or None."""

    raw: JsonValue
    truth: JsonValue


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
    reader = _reader(path, use_case, config)
    found, faults = [], list[FieldError]()
    for line in islice(_lines(path, reader), MOST):
        try:
            found.append(_known(use_case, line, reader.columns))
        except InvalidInput as error:
            said = error.errors or (FieldError("", error.detail),)
            faults += [FieldError(f"line {line.number}: {one.field}", one.message) for one in said]
    if faults:
        raise InvalidInput(f"{path} has lines that do not fit; the first of them:", errors=faults[:LISTED])
    if not found:
        raise InvalidInput(f"{path} has no records.")
    return found


def _reader(path: Path, use_case: UseCase, config: pytest.Config) -> Reader:
    given = config.getoption
    columns = ColumnOptions(
        given("--id-column"), given("--label-column"), given("--rename"), config.stash[IGNORED], flags=True
    )
    file_format: FileFormat = "csv" if path.suffix.lower() == ".csv" else "ndjson"
    return importer.reader_for(use_case, file_format, given("--delimiter"), columns)


def _lines(path: Path, reader: Reader) -> Iterator[FileLine]:
    yield from reader.read(path.read_bytes().splitlines(keepends=True))
    yield from reader.finish()


def _known(use_case: UseCase, line: FileLine, columns: Columns | None) -> Known:
    label = importer.incoming(use_case, line, columns)[4]
    assert isinstance(line.content, dict)  # else it would not fit
    return Known(line.content["input"], None if label is None else json.loads(label))
