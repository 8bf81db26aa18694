"""Ports for servers that cannot pick their own."""

import random
import socket
from contextlib import ExitStack

FIRST, LAST = 11_000, 22_000
"""Below the ephemeral range, so that no client's connection takes one in the meantime."""


def free_ports(count: int, *, sibling: int = 0) -> list[int]:
    """Free ports of the loopback address; with ``sibling``, the ports that much higher are free too."""
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            port = random.randrange(FIRST, LAST)
            try:
                for number in {port, port + sibling}:
                    held.enter_context(socket.create_server(("127.0.0.1", number)))
            except OSError:
                continue
            found.append(port)
    return found
