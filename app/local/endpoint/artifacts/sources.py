"""Where an endpoint's artifacts come from: a folder on this machine, or a prefix in a bucket."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.aws import CALL_ERRORS, UNREACHABLE, CallError, call_config, error_status, s3_client
from app.local.endpoint.config import Endpoint

LOCAL_BUCKET = "local"
"""The bucket under which this process shows the artifacts of its folders, by endpoint name."""
S3_CONFIG = call_config(attempts=2, connect_timeout=3, read_timeout=30)


class NotReadable(Exception):
    """The artifact is not there, or may not be read."""


class StoreAway(Exception):
    """The bucket's server is failing or cannot be reached: the same call may work later."""


class Artifact(Protocol):
    """The bytes of an opened artifact: what an open file and a download from S3 have in common."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, /) -> int: ...
    def close(self) -> None: ...


class Source(Protocol):
    """The artifacts of one endpoint. ``bucket`` and ``prefix`` are what its ModelDataUrl says."""

    @property
    def bucket(self) -> str: ...
    @property
    def prefix(self) -> str: ...

    def open(self, name: str) -> Artifact:
        """The artifact's bytes. Raises NotReadable or StoreAway."""
        ...


@dataclass(frozen=True)
class FolderSource:
    """Files in a folder; ``endpoint`` is the name they are shown under."""

    folder: Path
    endpoint: str
    bucket: str = LOCAL_BUCKET

    @property
    def prefix(self) -> str:
        return f"{self.endpoint}/"

    def open(self, name: str) -> Artifact:
        path = self.path(name)
        try:
            return path.open("rb")
        except OSError as error:
            raise NotReadable(error.strerror) from error

    def path(self, name: str) -> Path:
        """The file of this name within the folder. Raises NotReadable for anything else."""
        path = self.folder / _inside(name)
        try:
            found = path.is_file()
        except OSError:  # a name too long for the file system
            found = False
        if not found:
            raise NotReadable("Not Found")
        return path


class S3Source:
    """A prefix in a bucket, reached through boto3's own chain of credentials and endpoint addresses."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self.bucket, self.prefix = bucket, prefix

    def open(self, name: str) -> Artifact:
        try:
            return s3_client(S3_CONFIG).get_object(Bucket=self.bucket, Key=self.prefix + _inside(name))[
                "Body"
            ]
        except CALL_ERRORS as error:
            raise (StoreAway if _is_away(error) else NotReadable)(str(error)) from error


@dataclass(frozen=True)
class ServedEndpoint:
    """An endpoint with its artifacts; ``only`` names the one artifact where it is not multi-model."""

    endpoint: Endpoint
    source: Source
    only: str | None = None
    state: str = ""
    """Changes when the file of a single model does; such a file is a new deployment on SageMaker."""

    @property
    def model_data_url(self) -> str:
        return f"s3://{self.source.bucket}/{self.source.prefix}{self.only or ''}"


def serve(endpoint: Endpoint) -> ServedEndpoint:
    """Open an endpoint's artifacts. ValueError where a configured folder or file does not exist."""
    location = endpoint.artifacts
    if location.startswith("s3://"):
        bucket, _, key = location.removeprefix("s3://").partition("/")
        folder, _, only = (key.rstrip("/"), "", None) if endpoint.multi_model else key.rpartition("/")
        return ServedEndpoint(endpoint, S3Source(bucket, f"{folder}/" if folder else ""), only)
    path = Path(location)
    if not (path.is_dir() if endpoint.multi_model else path.is_file()):
        raise ValueError(f"endpoint {endpoint.name!r}: there is no {location!r}")
    if endpoint.multi_model:
        return ServedEndpoint(endpoint, FolderSource(path, endpoint.name))
    state = f"{path.stat().st_mtime_ns} {path.stat().st_size}"
    return ServedEndpoint(endpoint, FolderSource(path.parent, endpoint.name), path.name, state)


def _is_away(error: CallError) -> bool:
    return error_status(error) >= 500 or isinstance(error, UNREACHABLE)


def _inside(name: str) -> str:
    """The name itself, if it stays within the prefix: S3 servers on a file system may resolve ``..``."""
    if name.startswith("/") or ".." in name.split("/"):
        raise NotReadable("Not Found")
    return name
