"""Log lines on their way out: written as they come, or gathered, for a thread to write.

Neither logging's QueueHandler nor structlog's BytesLogger do this: the former hands on records, each of which
wakes its listener and is written alone; the latter writes where it is called.
"""

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

PAUSE = 0.05
"""Seconds that a line waits for others."""
LARGE = 256 * 1024
"""Characters at which it does not."""
MOST = 4 * 1024 * 1024
"""Characters that wait while nobody reads. What comes then is lost, and counted: to wait for whoever reads
the log would be to stop answering."""
PATIENCE = 2.0
"""Seconds that the end waits for whoever reads."""


class LogLines:
    """Where rendered lines go; ``tell_lost`` logs how many could not be kept. Any thread may add."""

    def __init__(self, tell_lost: Callable[[int], None]) -> None:
        self.stream: TextIO | None = None
        self._tell_lost = tell_lost
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may log while its thread does
        self._waiting: list[str] = []
        self._size = self._lost = 0
        self._some, self._soon = threading.Event(), threading.Event()
        self._writer: threading.Thread | None = None
        self._is_ending = False

    def write(self, line: str) -> None:
        """Take a line, which ends with a line feed."""
        with self._lock:
            if self._writer is None:
                self._write_here(line)
                return
            if self._size > MOST:
                self._lost += 1
                return
            self._waiting.append(line)
            self._size += len(line)
        if self._size > LARGE:
            self._soon.set()
        if not self._some.is_set():
            self._some.set()

    def hurry(self) -> None:
        """Have what waits written now: it matters."""
        self._soon.set()

    @contextmanager
    def written_aside(self) -> Iterator[None]:
        """Until the end of the block a thread writes; at the end nothing waits, unless nobody reads."""
        self._start()
        atexit.register(self._end)
        try:
            yield
        finally:
            self._end()
            atexit.unregister(self._end)

    def forget_in_child(self) -> None:
        """After a fork: what waits is the parent's to write, and the thread that writes is there."""
        self._forget()

    def _start(self) -> None:
        with self._lock:
            self._is_ending = False
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_on, name="log", daemon=True)
                self._writer.start()

    def _end(self) -> None:
        if (writer := self._writer) is None:
            return
        self._is_ending = True
        self._soon.set()
        self._some.set()
        writer.join(PATIENCE)
        if not writer.is_alive():  # else nobody reads, and to write here would wait for ever
            with self._lock:
                self._writer = None
                self._write_here("".join(self._waiting))
            if lost := self._take()[1]:
                self._tell_lost(lost)

    def _write_on(self) -> None:
        while not self._is_ending:
            self._some.wait()
            self._soon.wait(PAUSE)
            self._some.clear()
            self._soon.clear()
            lines, lost = self._take()
            if not self._written_by_thread("".join(lines)):
                with self._lock:
                    self._lost += lost + len(lines)
            elif lost:
                self._tell_lost(lost)

    def _take(self) -> tuple[list[str], int]:
        with self._lock:
            taken = self._waiting, self._lost
            self._waiting, self._size, self._lost = [], 0, 0
            return taken

    def _write_here(self, text: str) -> None:
        if self.stream is None or not text:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):  # it is closed, or its disk is full: there is nowhere to say so
            pass

    def _written_by_thread(self, text: str) -> bool:
        """Whether it could be written.

        Past the stream where it is a file: who waits inside a stream holds its lock, and Python does not end
        in order while a thread holds that of standard error.
        """
        stream, file = self.stream, _descriptor(self.stream)
        if stream is None or file is None:
            self._write_here(text)
            return True
        try:
            _write_all(file, text.encode(stream.encoding, "backslashreplace"))
        except OSError:
            return False
        return True


def _descriptor(stream: TextIO | None) -> int | None:
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):  # one in memory, or closed
        return None


def _write_all(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]
