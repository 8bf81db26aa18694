"""Whether a file of the code, or .env, was saved: the times and sizes of some hundred are compared."""

import time
from collections.abc import Iterator
from pathlib import Path

import app

POLL = 0.3
"""Seconds between two looks."""
TREE = Path(app.__file__).parents[1]
NOT_SERVED = ("tests", "benchmarks", "migrations", "deploy")
"""Top-level folders whose code no service runs."""

Times = dict[Path, tuple[int, int]]


class Code:
    """All that the service may import from the tree, its use case wherever that lies, and .env."""

    def __init__(self, use_case: str | None) -> None:
        self._use_case = use_case and use_case.partition(".")[0]
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
        yield from TREE.glob("*.py")
        for folder in TREE.iterdir():
            if folder.name == self._use_case or _is_code(folder):
                yield from folder.rglob("*.py")


def _is_code(folder: Path) -> bool:
    """Whether it is a top-level folder to import from: no venv, and none that only holds data."""
    if not folder.name.isidentifier() or folder.name in NOT_SERVED or (folder / "pyvenv.cfg").exists():
        return False
    return any(folder.glob("*.py")) or any(folder.glob("*/*.py"))
