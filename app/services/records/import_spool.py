"""The lines of an import while they come: checked, and kept aside until the database may have them all."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from app.core.errors import Unavailable

IN_MEMORY = 4_000_000
"""Bytes beyond which they go into a file, in the folder that TMPDIR names."""


class Spool:
    """Lines as the database takes them; all at once, in the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, frames: Iterable[bytes]) -> None:
        """Blocks; Unavailable where there is no room."""
        lines = b"".join(frames)
        with _room():
            self._file.write(lines)

    def whole(self) -> BinaryIO:
        """All that was added, to be read from its start; Unavailable where the last of it found no room."""
        with _room():
            self._file.seek(0)
        return self._file


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("The service has no room to keep the upload.") from error


@contextmanager
def spool() -> Iterator[Spool]:
    """Nothing of it stays."""
    file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed below
    try:
        yield Spool(cast(BinaryIO, file))
    finally:
        with suppress(OSError):  # what found no room is tried once more
            file.close()
