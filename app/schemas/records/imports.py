"""A bulk import on the wire."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, JsonValue

from app.schemas.records.records import Moment, RecordWrite

FileFormat: TypeAlias = Literal["ndjson", "csv"]


class ImportLine(RecordWrite):
    """One line of an import. A null label is none; ``observed_at`` counts only beside a label."""

    label: JsonValue = None
    observed_at: Moment | None = None


class Counts(BaseModel):
    created: int
    updated: int
    unchanged: int


class LineError(BaseModel):
    """What is wrong with a line; ``line`` counts from 1, ``field`` is empty for the line as a whole."""

    line: int
    field: str
    message: str


class ImportReport(Counts):
    """What an import did, in records.

    ``read`` counts lines; those that a later line with the same id replaced count nowhere else. ``errors``
    holds the first 100 faults of the ``skipped`` lines. Of a dry run all that is what an import would do.
    """

    dry_run: bool
    read: int
    labels: Counts
    skipped: int
    errors: list[LineError]
