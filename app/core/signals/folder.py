"""The totals of processes on one port: each keeps its own in a file, and whoever is asked sums them up.

What a process has counted stays when it ends, or is killed: a sum never goes down. Whether one lives is told
by a lock on a file of its own, which the system takes back with the process.

To sum up takes a lock on the folder that others may share, to sweep it one that they may not: files of the
ended become one, so that a process that dies again and again does not fill the folder.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from app.core.signals.totals import Totals

LOCK, ENDED = "lock", "ended"
TOTALS, ALIVE = ".totals", ".alive"
"""Ends of the names of the two files of a process."""
NEW = ".new"
"""Of what is being written."""


@dataclass(frozen=True)
class _Ended:
    """The sum over those that ended, and which files are in it."""

    names: frozenset[str]
    totals: Totals


class Folder:
    """That of one process, which has entered it. All here blocks, for a moment."""

    def __init__(self, path: Path) -> None:
        self._path, self._name = path, uuid4().hex
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked(fcntl.LOCK_EX):
            self._sweep()
            self._alive = os.open(self._own(ALIVE), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._alive, fcntl.LOCK_EX)

    def write(self, totals: Totals) -> None:
        """Put this process's in place of what it wrote before."""
        _put(self._own(TOTALS), totals.to_json())
        for kept in (self._own(ALIVE), self._path / ENDED, self._path / LOCK):
            os.utime(kept)  # or what tidies up temporary folders would take it for forgotten

    def read(self) -> Totals:
        """The sum of what all have written, as long as there is the folder."""
        with self._locked(fcntl.LOCK_SH):
            ended = self._ended()
            found = ended.totals
            for name in self._names() - ended.names:
                found.add(self._totals(name), is_alive=self._is_alive(name))
        return found

    def leave(self) -> None:
        """The totals stay."""
        os.close(self._alive)

    def _own(self, end: str) -> Path:
        return self._path / f"{self._name}{end}"

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        lock = os.open(self._path / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, how)
            yield
        finally:
            os.close(lock)

    def _names(self) -> set[str]:
        return {one.stem for one in self._path.glob(f"*{ALIVE}")}

    def _totals(self, name: str) -> Totals:
        try:
            return Totals.of_json((self._path / f"{name}{TOTALS}").read_text())
        except FileNotFoundError:  # it has not begun yet, or was killed before
            return Totals()

    def _is_alive(self, name: str) -> bool:
        held = os.open(self._path / f"{name}{ALIVE}", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(held)
        return False

    def _ended(self) -> _Ended:
        try:
            names, _, totals = (self._path / ENDED).read_text().partition("\n")
        except FileNotFoundError:
            return _Ended(frozenset(), Totals())
        return _Ended(frozenset(names.split()), Totals.of_json(totals))

    def _sweep(self) -> None:
        """Sum up those that ended. Whoever is killed over it leaves files behind that are known to be in the
        sum."""
        ended = self._ended()
        dead = {name for name in self._names() - ended.names if not self._is_alive(name)}
        for name in dead:
            ended.totals.add(self._totals(name), is_alive=False)
        gone = dead | ended.names
        _put(self._path / ENDED, f"{' '.join(sorted(gone))}\n{ended.totals.to_json()}")
        for name in gone:
            for end in (TOTALS, f"{TOTALS}{NEW}", ALIVE):
                with suppress(FileNotFoundError):
                    (self._path / f"{name}{end}").unlink()
        _put(self._path / ENDED, f"\n{ended.totals.to_json()}")


def _put(path: Path, text: str) -> None:
    """At once, so that whoever reads it has the one or the other."""
    beside = path.with_name(f"{path.name}{NEW}")
    beside.write_text(text)
    beside.replace(path)
