"""The service as a child process on a socket that stays open when it ends: a call meanwhile waits."""

import os
import select
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import FileIO

from fastapi import FastAPI

from app.local.dev.code import POLL
from app.local.processes import running_command
from app.local.serving import serve

COMMAND = "dev-service"
READY = b"1"


@dataclass(frozen=True)
class Service:
    """``process`` holds it; ``said`` is where it says that it is ready."""

    process: subprocess.Popen[bytes]
    said: FileIO

    def is_ready(self) -> bool | None:
        """Whether it is, False if it ended before; None if that is not known after POLL seconds."""
        readable, _, _ = select.select([self.said], [], [], POLL)
        return self.said.read(1) == READY if readable else None


@contextmanager
def running_service(listener: socket.socket) -> Iterator[Service]:
    """Start it on the listening socket; it is not waited for."""
    reader, writer = os.pipe()
    fds = (listener.fileno(), writer)
    with FileIO(reader) as said, ExitStack() as stack:
        with FileIO(writer, "w"):  # ours; the child has its own, and at its end `said` ends
            process = stack.enter_context(running_command(COMMAND, *map(str, fds), pass_fds=fds))
        yield Service(process, said)


def serve_as_child(create_app: Callable[[], FastAPI], listener: int, ready: int) -> None:
    """What the child does with the file descriptors that it was given. Misconfigured by the use case."""
    with FileIO(ready, "w") as said, socket.socket(fileno=listener) as sock:
        serve(create_app(), sock, lambda: _tell(said))


def _tell(said: FileIO) -> None:
    said.write(READY)
    said.close()
