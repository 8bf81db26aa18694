"""From a stored model.tar.gz to a folder."""

import gzip
import shutil
import tarfile
import zlib
from contextlib import closing
from pathlib import Path, PurePosixPath

from app.aws import CALL_ERRORS
from app.local.endpoint.artifacts.sources import Artifact, NotReadable, Source, StoreAway
from app.local.endpoint.errors import EndpointError, ModelFailed, validation_error

OUT_OF_MEMORY = 507
"""What a container answers when a model does not fit (SageMaker's contract for multi-model containers)."""


LONGEST_HEAD = 2**20
"""Bytes of what an archive says of one member: its name, its attributes."""
FILE = 512
"""Bytes that a member counts for, of what there are: it may be empty, and one of millions."""


def fetch(source: Source, name: str, folder: Path, limit: int) -> int:
    """Unpack an artifact into ``folder`` and return the bytes it takes there.

    Raises ValidationError where it cannot be read, as SageMaker does, ServiceUnavailable where that may
    change by itself, and ModelFailed beyond ``limit`` bytes.
    """
    where = f"(bucket: {source.bucket}, key: {source.prefix}{name})"
    try:
        with closing(source.open(name)) as stream:
            return _unpack(stream, folder, limit)
    except (StoreAway, *CALL_ERRORS) as error:  # boto3's own is a download that broke off
        message = f"The model data{where} could not be downloaded. {error}"
        raise EndpointError(503, "ServiceUnavailable", message) from error
    except NotReadable as error:
        raise validation_error(
            f"Failed to download model data{where}. Please ensure that there is an object located at the URL "
            f"and that the role passed to CreateModel has permissions to download the model. {error}"
        ) from error
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise validation_error(f"Failed to extract model data archive{where}. {error}") from error


def _unpack(stream: Artifact, folder: Path, limit: int) -> int:
    """Folders and files are made here, and nothing else: what tarfile's own filters let out of the folder by
    way of links (CVE-2025-4517 and its kin) depends on the patch level of the Python that runs this."""
    size = 0
    # tarfile's own "r|gz" takes an archive that is cut off between two members for a whole one.
    with _Unpacked(fileobj=stream) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
        for count, member in enumerate(archive):
            plain.allow(member.size)
            size += member.size
            if size > limit or count * FILE > max(limit, LONGEST_HEAD):
                raise ModelFailed(OUT_OF_MEMORY, f"The model needs more than the {limit} bytes there are.")
            _make(archive, member, folder)
        while plain.read(1024**2):
            pass  # up to the checksum
    return size


class _Unpacked(gzip.GzipFile):
    """The archive's bytes. tarfile reads a name into memory whole, whatever length is announced for it."""

    _left = LONGEST_HEAD

    def allow(self, size: int) -> None:
        """So many bytes of a member may come before the next head."""
        self._left = size + LONGEST_HEAD

    def read(self, size: int | None = -1) -> bytes:
        """ReadError beyond what is allowed."""
        content = super().read(size)
        self._left -= len(content)
        if self._left < 0:
            raise tarfile.ReadError("what it says of a member is too long")
        return content


def _make(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    place = folder / _inside(member)
    try:
        if member.isdir():
            place.mkdir(parents=True, exist_ok=True)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        content = archive.extractfile(member)
        assert content is not None  # it is a file
        with place.open("wb") as file:
            shutil.copyfileobj(content, file)
    except OSError as error:  # such as a file where another member wants a folder
        raise tarfile.ExtractError(f"{member.name!r}: {error.strerror}") from error


def _inside(member: tarfile.TarInfo) -> PurePosixPath:
    """Its place in the folder. ExtractError for one outside, and for what is no file and no folder."""
    name = PurePosixPath(member.name)
    if not (member.isreg() or member.isdir()):
        raise tarfile.ExtractError(
            f"{member.name!r} is a link or a device: only files and folders are unpacked"
        )
    if name.is_absolute() or ".." in name.parts or "\0" in member.name:
        raise tarfile.ExtractError(f"{member.name!r} would be outside the model's folder")
    return name
