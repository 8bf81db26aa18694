"""What a command that runs for long says of itself."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str) -> None:
    """Write to standard output, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def step(text: str) -> Iterator[None]:
    """Say what is done, and afterwards how many seconds it took."""
    began = time.monotonic()
    say(f"{text:.<50} ")
    try:
        yield
    except BaseException:
        say("\n")
        raise
    say(f"{time.monotonic() - began:.1f} s\n")
