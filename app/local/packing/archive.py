"""Writing a model.tar.gz: the same files give the same bytes (of one zlib), and so the same ETag."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO


def write(target: BinaryIO, files: Mapping[str, bytes | Path]) -> None:
    """Write the files, bytes or where to read them, under their names. OSError where one cannot be read.

    Names come in order; no time, owner or mode of a file gets in, nor the name of the archive.
    """
    with (
        gzip.GzipFile(filename="", fileobj=target, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)  # its defaults name no time, no owner
            if isinstance(content, bytes):
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
            else:
                entry.size = content.stat().st_size
                with content.open("rb") as file:
                    tar.addfile(entry, file)
