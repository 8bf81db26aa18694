"""One line for each thing that was checked."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Report:
    """Prints as it goes, and counts what held."""

    def __init__(self) -> None:
        self.held = 0
        self._began = time.monotonic()

    @contextmanager
    def check(self, text: str) -> Iterator[list[str]]:
        """One check; it holds unless the block raises. What the block adds to the list is printed, too."""
        began, notes = time.monotonic(), list[str]()
        try:
            yield notes
        except BaseException:
            say(f"FAIL {time.monotonic() - began:6.1f} s  {text}")
            raise
        self.held += 1
        say(
            f"ok   {time.monotonic() - began:6.1f} s  {text}"
            + "".join(f"\n{' ' * 17}{note}" for note in notes)
        )

    def close(self) -> None:
        """The closing line."""
        minutes = (time.monotonic() - self._began) / 60
        say(f"The stack holds: {self.held} checks in {minutes:.1f} minutes.")
