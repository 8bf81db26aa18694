"""Which objects of a folder are reports, and in which order."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from app.services.reports.runs import layout
from app.storage import StoredObject

MARKED = re.compile(r"^$|(^|/)[._]|(/|_\$folder\$)$")
"""What other programs leave beside files: folders as objects (``a/``, ``a_$folder$``), and what Hadoop and
Spark take for hidden, whose name or folder begins so (``_SUCCESS``, ``.part-0.crc``, ``_temporary/0``)."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def newest_first(entries: Iterable[StoredObject], folder: str) -> list[StoredObject]:
    """Those of a folder that may be reports: no markers in it, and nothing empty.

    S3 tells whole seconds, so that what was copied together is of one date: then the time in the key counts,
    and in the end the key, in which 10 comes after 9.
    """
    files = [one for one in entries if one.size and not MARKED.search(one.key.removeprefix(folder))]
    return sorted(files, key=_age, reverse=True)


def _age(entry: StoredObject) -> tuple[datetime, datetime, list[tuple[str, int]], str]:
    said = layout(entry.key).evaluated_at or LONG_AGO
    parts = re.split(r"([0-9]+)", entry.key.removesuffix(".gz").removesuffix(".csv"))
    natural = [(part, 0) if place % 2 == 0 else ("", int(part)) for place, part in enumerate(parts)]
    return entry.last_modified, said, natural, entry.key
