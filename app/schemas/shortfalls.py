"""Work of which so much failed that it is said aloud."""

from collections.abc import Mapping

TOLERATED = 0.1
"""The share of the records that may fail without a warning."""


def shortfall(failed: int, total: int, reasons: Mapping[str, int]) -> str | None:
    """The warning, None where no more than TOLERATED failed.

    ``reasons`` counts the titles of errors: their details may tell of a record what not all may read.
    """
    if failed <= TOLERATED * total:
        return None
    said = f"{failed:,} of {total:,} records ({failed / total:.0%}) failed"
    if not reasons:
        return f"{said}."
    reason, count = max(reasons.items(), key=lambda one: one[1])
    return f"{said}; most often: {reason} ({count:,})."
