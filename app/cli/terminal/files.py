"""What goes wrong with a file, told as that: the database's failures are OSErrors, too."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OF_A_FILE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EISDIR, errno.EROFS}
"""What reading and writing an open file fails with, and no connection does."""


def is_plain(path: Path) -> bool:
    """Whether a file beside it may take its name: not that of a device, a pipe or a link (/dev/stdout)."""
    return not path.is_symlink() and (path.is_file() or not path.exists())


@contextmanager
def named(path: str | os.PathLike[str]) -> Iterator[None]:
    """Give the name to an OSError of an open file, which has none by itself."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in OF_A_FILE:
            error.filename = os.fspath(path)
        raise


def fault(error: Exception) -> str | None:
    """What to say of an OSError that names a file or cannot be a connection's; None for any other error."""
    if not isinstance(error, OSError) or (error.filename is None and error.errno not in OF_A_FILE):
        return None
    where = "A file" if error.filename is None else os.fsdecode(error.filename)
    return f"{where} cannot be used: {error.strerror}."
