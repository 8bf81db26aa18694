"""The trial in a process of its own, since the artifact's code may end or hang the one that it runs in."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from pydantic import JsonValue

from app.backends.wire.formats import ContentType
from app.core.errors import InvalidInput
from app.local.packing.trial import try_here
from app.schemas.rows import Row

CONTEXT: SpawnContext | ForkServerContext = multiprocessing.get_context("spawn")
"""What was imported here is not there."""
PATIENCE = 120.0
"""Seconds to load and to answer: those that the endpoint gives to each of both."""
ENDED_WITHIN = 10.0
"""Seconds in which a process that has closed its pipe is gone."""


def try_out(
    archive: Path,
    unpacked: Path,
    size: int,
    row: Row | None,
    content_type: ContentType,
    patience: float = PATIENCE,
) -> JsonValue:
    """``try_here`` elsewhere. InvalidInput, too, where the process ends, or is not done in time."""
    receiver, sender = CONTEXT.Pipe(duplex=False)
    arguments = (sender, patience, archive, unpacked, size, row, content_type)
    with receiver, _running(CONTEXT.Process(target=_report, args=arguments)) as process:
        sender.close()  # ours; at the end of the child's the pipe ends
        if not wait([receiver, process.sentinel], patience):
            raise InvalidInput(
                f"The model was not loaded, or did not answer the row, within {patience:g} seconds."
            )
        answer: JsonValue
        failure: str | None
        try:
            answer, failure = receiver.recv()
        except EOFError as error:
            process.join(ENDED_WITHIN)
            raise InvalidInput(f"The model's code {_ended(process.exitcode)}.") from error
    if failure is not None:
        raise InvalidInput(failure)
    return answer


def _report(
    sender: Connection,
    patience: float,
    archive: Path,
    unpacked: Path,
    size: int,
    row: Row | None,
    content_type: ContentType,
) -> None:
    """What the child does: send the answer, and what failed or None."""
    os.setsid()  # a Ctrl-C is for the parent; and what the code starts ends with it
    signal.alarm(int(patience) + 60)  # should the parent be killed, and nobody end this one
    try:
        sender.send((try_here(archive, unpacked, size, row, content_type), None))
    except InvalidInput as error:
        sender.send((None, error.detail))


@contextmanager
def _running(process: BaseProcess) -> Iterator[BaseProcess]:
    process.start()
    try:
        yield process
    finally:
        assert process.pid is not None
        with suppress(ProcessLookupError, PermissionError):  # it has no group yet, or ended with all of it
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.join()


def _ended(code: int | None) -> str:
    if code is not None and code < 0:
        return f"crashed the process that ran it ({signal.Signals(-code).name})"
    return f"ended the process that ran it (exit code {code})"
