"""A bulk import on the wire."""

from typing import Literal, TypeAlias

from app.schemas.records.records import AnyJson, Moment, RecordWrite
from app.schemas.values.wire import Wire

FileFormat: TypeAlias = Literal["ndjson", "csv"]


class ImportLine(RecordWrite):
    """One line of an import. A null label is none; ``observed_at`` counts only beside a label."""

    label: AnyJson = None
    observed_at: Moment | None = None


class Counts(Wire):
    created: int
    updated: int
    unchanged: int


class LineError(Wire):
    """What is wrong with a record. ``line``, its first, counts from 1, and ``last_line`` is the last that was
    lost with it; ``field`` is empty for the record as a whole."""

    line: int
    last_line: int
    field: str
    message: str

    @property
    def place(self) -> str:
        """The lines, in words."""
        return (
            f"line {self.line}" if self.last_line == self.line else f"lines {self.line} to {self.last_line}"
        )


class ImportReport(Counts):
    """What an import did, in records.

    ``read`` and ``skipped`` count lines, of which a record of a CSV may have several. Records that a later
    one with the same id replaced count nowhere else. ``errors`` holds the first 100 faults of the
    ``skipped`` lines. Of a dry run all that is what an import would do.
    """

    dry_run: bool
    read: int
    labels: Counts
    skipped: int
    errors: list[LineError]
