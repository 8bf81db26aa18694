"""Where a demo or a service under development runs: its port, its folder, the environment it shares."""

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


@contextmanager
def claimed_port(port: int, host: str = HOST) -> Iterator[socket.socket]:
    """A socket bound to the port (0: any free one), before anything else is made."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise Misconfigured(f"HOST: {host!r} is no address of this machine: {error.strerror}.") from error
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise port_error(port, error) from error
        yield listener


def address(listener: socket.socket) -> str:
    """Its URL, for a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = HOST
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def port_error(port: int, error: OSError) -> Misconfigured:
    """What to say when the port cannot be had."""
    reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
    return Misconfigured(f"Port {port} {reason}. Choose another, such as PORT=8080 or --port 8080.")


@contextmanager
def claimed_folder(folder: Path) -> Iterator[Path]:
    """The folder, absolute, made if needed, and held against a second user."""
    path = folder.expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / "demo.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Misconfigured(
            f"The folder {path} cannot be used: {error.strerror}. Choose another: DATA_DIR=... or --data-dir."
        ) from error
    with os.fdopen(lock):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Misconfigured(
                f"Another `make demo` or `make dev` uses the folder {path}. Stop it, or choose another."
            ) from error
        yield path


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """Write a file for ``set -a; . FILE``, readable by its owner only: it holds the database's password."""
    half = path.with_suffix(".half")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
    half.replace(path)
