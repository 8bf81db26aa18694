"""What a statement is, in few words."""

import re
from functools import lru_cache

from app.db.tables.base import Base

OPERATION = re.compile(r"\b(with|select|insert|update|delete|set|begin|create)\b", re.IGNORECASE)
TABLE = re.compile(r"\b(?:from|join|into|update)\s+(?:only\s+)?([a-z_][a-z0-9_]*)", re.IGNORECASE)
NAMED = frozenset((*Base.metadata.tables, "pgqueuer"))
"""What is named: our tables, and the queue's. Nothing else that stands in a statement is."""
MOST = 4
"""Tables that are named."""


@lru_cache(1024)
def summary(text: str) -> tuple[str, str]:
    """The operation, as ``SELECT``, and with it the tables in their order: a ``db.query.summary``."""
    found = OPERATION.search(text)
    operation = "STATEMENT" if found is None else found[1].upper()
    tables = dict.fromkeys(name for name in TABLE.findall(text) if name in NAMED)
    return operation, " ".join([operation, *list(tables)[:MOST]])
