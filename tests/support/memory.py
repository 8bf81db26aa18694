"""What stays in memory without Python's search for circles of references, which it seldom makes."""

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Kept:
    """``bytes`` are known once the block has ended."""

    bytes: int = 0


@contextmanager
def kept_without_a_search() -> Iterator[Kept]:
    """What was allocated in the block and is still there at its end."""
    kept = Kept()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield kept
        kept.bytes = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
        gc.enable()
