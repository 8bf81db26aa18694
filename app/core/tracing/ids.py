"""The ids of a trace, as callers and log lines have them."""

import re
from typing import NamedTuple

TRACEPARENT = re.compile(
    rb"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-.*)?"
)
"""W3C Trace Context, level 1: a version, a trace, the caller's span, flags. Later versions may add to it."""


class TraceIds(NamedTuple):
    """The ids as log lines have them, in hexadecimal; ``span_id`` is "" where there is no span of ours."""

    trace_id: str
    span_id: str = ""


def trace_of(traceparent: bytes) -> TraceIds | None:
    """The trace that a caller's header names; None where it names none."""
    found = TRACEPARENT.fullmatch(traceparent)
    if found is None or (found["more"] and found["version"] == b"00"):
        return None
    return TraceIds(found["trace"].decode())
