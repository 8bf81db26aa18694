"""An upload for which there is no room: that is said, whichever of its bytes finds none."""

from pathlib import Path
from typing import BinaryIO

import pytest

from app.core.errors import Unavailable
from app.services.records import import_spool
from app.services.records.import_spool import spool


@pytest.mark.parametrize("size", [1, 10_000_000])
def test_a_full_disk_is_said_by_the_first_bytes_and_by_the_last(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_spool, "SpooledTemporaryFile", on_a_full_disk)
    with pytest.raises(Unavailable, match="no room to keep the upload"):
        keep(b"x" * size)


def on_a_full_disk(_: int) -> BinaryIO:
    return Path("/dev/full").open("r+b")


def keep(upload: bytes) -> None:
    with spool() as kept:
        kept.add([upload])
        kept.whole()
