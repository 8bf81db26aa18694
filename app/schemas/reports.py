"""The import of reports on the wire."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from app.schemas.ids import Name
from app.schemas.values.closed import Closed
from app.schemas.values.guesses import exact_number
from app.schemas.values.wire import Documented, Wire


class ReportImport(Documented, Closed):
    """Which CSV reports to bring in, and what they are about where they do not say it themselves."""

    prefix: Annotated[str, StringConstraints(pattern=r"[^/]", max_length=1024)]
    """The folder in the storage, below STORAGE_URL; those inside it are searched too."""
    delimiter: Annotated[str, StringConstraints(pattern=r'^[^"\r\n\x00]$')] = ","
    """Between the cells: one character."""
    model: Name | None = None
    """Default: what the key says, as `<prefix>/<model>/<version>/<timestamp>.csv`."""
    version: Name | None = None
    """Default: what the key says."""
    newest: Annotated[int, Field(ge=1), BeforeValidator(exact_number)] | None = None
    """How many of the files that were modified last are looked at; default all."""


class Unread(Wire):
    """What was not brought in, and why. `line` counts from 1; it is null for a file as a whole."""

    key: str
    line: int | None
    reason: str


class ImportedReports(BaseModel):
    """What an import did with the `files` it found.

    `imported` files brought in something, `unchanged` ones were here before, `refused` ones cannot be used at
    all. `runs` and `metrics` are new. `skipped` counts the lines of which something cannot be used, and
    `unread` lists the first 1,000 of the reasons.
    """

    files: int = 0
    imported: int = 0
    unchanged: int = 0
    refused: int = 0
    runs: int = 0
    metrics: int = 0
    skipped: int = 0
    unread: list[Unread] = []
