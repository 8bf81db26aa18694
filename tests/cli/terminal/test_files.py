"""A file that cannot be used is told as that, by its name, and never as the database."""

import errno
import os
from pathlib import Path

import pytest

from app.cli.terminal import files


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EISDIR])
def test_a_file_that_is_open_gets_its_name(number: int) -> None:
    with pytest.raises(OSError, match=os.strerror(number)) as caught, files.named(Path("out.csv")):
        raise OSError(number, os.strerror(number))
    assert files.fault(caught.value) == f"out.csv cannot be used: {os.strerror(number)}."


def test_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    full = tmp_path / "full"
    with pytest.raises(OSError, match="No space") as caught, files.named(full), full.open("w") as file:
        file.write("x")
    assert files.fault(caught.value) == f"{tmp_path}/full cannot be used: No space left on device."


@pytest.mark.parametrize("error", [ConnectionRefusedError(111, "refused"), TimeoutError(), ValueError("x")])
def test_a_connection_is_none(error: Exception) -> None:
    with pytest.raises(type(error)), files.named("out.csv"):
        raise error
    assert files.fault(error) is None
