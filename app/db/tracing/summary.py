"""What a statement is, in few words."""

import re
from functools import lru_cache

OPERATION = re.compile(r"\b(with|select|insert|update|delete|set|begin|create)\b", re.IGNORECASE)
TABLE = re.compile(r"\b(?:from|join|into|update)\s+(?:only\s+)?([a-z_][a-z0-9_]*)\b(?!\s*\()", re.IGNORECASE)
QUERY = re.compile(
    r"(?:\bwith(?:\s+recursive)?|,)\s*([a-z_][a-z0-9_]*)(?:\s*\([^()]*\))?\s+as\b", re.IGNORECASE
)
"""A part of a statement that has a name, by which the rest refers to it."""
NO_TABLES = frozenset(("set", "nothing", "select", "skip", "of", "only", "lateral", "unnest"))
MOST = 4
"""Tables that are named."""


@lru_cache(1024)
def summary(text: str) -> tuple[str, str]:
    """The operation, as ``SELECT``, and with it the tables in their order: a ``db.query.summary``."""
    found = OPERATION.search(text)
    operation = "STATEMENT" if found is None else found[1].upper()
    parts = {name.lower() for name in QUERY.findall(text)} | NO_TABLES
    tables = dict.fromkeys(name for name in TABLE.findall(text) if name.lower() not in parts)
    return operation, " ".join([operation, *list(tables)[:MOST]])
