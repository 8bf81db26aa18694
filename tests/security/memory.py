"""What a process takes of the machine's memory."""

from pathlib import Path

import psutil

MEGABYTE = 2**20


class Watched:
    """A process whose highest mark is set back now and then."""

    def __init__(self, pid: int) -> None:
        self._process, self._folder = psutil.Process(pid), Path(f"/proc/{pid}")
        self.reset()

    def reset(self) -> None:
        """Begin anew, from what it has now."""
        (self._folder / "clear_refs").write_text("5")
        self._before = self._process.memory_info().rss

    def grown(self) -> float:
        """Megabytes beyond what it had, at the most."""
        return self._marked("VmHWM") - self._before / MEGABYTE

    def _marked(self, name: str) -> float:
        lines = (self._folder / "status").read_text().splitlines()
        [line] = [line for line in lines if line.startswith(f"{name}:")]
        return int(line.split()[1]) / 1024
