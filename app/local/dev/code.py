"""Whether a file of the code, or .env, was saved: the times and sizes of a few hundred are compared."""

import time
from collections.abc import Iterator
from pathlib import Path

import app

POLL = 0.3
"""Seconds between two looks."""
TREE = Path(app.__file__).parents[1]
FOLDERS = ("app", "examples")

Times = dict[Path, tuple[int, int]]


class Code:
    """The Python files of the service and of its use case, wherever in the tree that lies, and .env."""

    def __init__(self, use_case: str | None) -> None:
        packages = {*FOLDERS, *([use_case.partition(".")[0]] if use_case else [])}
        self._folders = [TREE / name for name in sorted(packages)]
        self._seen = self._state()

    def is_saved(self) -> bool:
        """Whether anything is not as it was seen last."""
        return self._state() != self._seen

    def wait_for_save(self) -> None:
        """Return after one, once all that is saved with it is there, too."""
        while not self.is_saved():
            time.sleep(POLL)
        while self.is_saved():
            self._seen = self._state()
            time.sleep(POLL)

    def _state(self) -> Times:
        state: Times = {}
        for path in self._files():
            try:
                found = path.stat()
            except OSError:  # gone meanwhile, as an editor's own files are
                continue
            state[path] = (found.st_mtime_ns, found.st_size)
        return state

    def _files(self) -> Iterator[Path]:
        yield Path(".env")  # where the settings are read from
        for folder in self._folders:
            yield from folder.rglob("*.py")
