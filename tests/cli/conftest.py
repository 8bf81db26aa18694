"""What tests of the command line ask for."""

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """Ctrl-C interrupts; it is ignored where a shell's `&` started the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
