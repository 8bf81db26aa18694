"""Where a demo runs: its port, its folder, and the environment that its service and the CLI share."""

import errno
import fcntl
import os
import shlex
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.core.errors import Misconfigured

HOST = "127.0.0.1"
STORAGE_URL = "s3://demo"


@contextmanager
def claimed_port(port: int) -> Iterator[socket.socket]:
    """A socket bound to the port (0: any free one), before anything else is made."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise port_error(port, error) from error
        yield listener


def port_error(port: int, error: OSError) -> Misconfigured:
    """What to say when the port cannot be had."""
    reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
    return Misconfigured(f"Port {port} {reason}. Choose another: make demo PORT=8080")


@contextmanager
def claimed_folder(folder: Path) -> Iterator[Path]:
    """The folder, absolute, made if needed, and held against a second demo."""
    path = folder.expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / "demo.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Misconfigured(
            f"The folder {path} cannot be used: {error.strerror}. Choose another: make demo DATA_DIR=..."
        ) from error
    with os.fdopen(lock):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Misconfigured(
                f"Another demo uses the folder {path}. Stop it, or choose another."
            ) from error
        yield path


def environment(database_url: str, endpoint_url: str) -> dict[str, str]:
    """What the service needs: its own settings, and boto3's for a SageMaker that is a process of ours.

    No AWS file of the user is read, so the demo cannot reach a real account; the keys are no secret.
    """
    return {
        "DATABASE_URL": database_url,
        "DATABASE_DIRECT_URL": database_url,  # else that of a .env file would be migrated
        "USE_CASE": "examples.transit",
        "DEFAULT_MODEL": "transit-time",
        "LOG_FORMAT": "console",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": endpoint_url,
        "AWS_ENDPOINT_URL_SAGEMAKER": endpoint_url,
        "AWS_ENDPOINT_URL_S3": endpoint_url,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": HOST,
    }


def adopt(variables: Mapping[str, str]) -> None:
    """Make the variables those of this process, in place of everything it has of AWS."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name == "no_proxy":
            del os.environ[name]
    os.environ.update(variables)


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """Write a file for ``set -a; . FILE``, readable by its owner only: it holds the database's password."""
    half = path.with_suffix(".half")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
    half.replace(path)
