"""Stored values as people read them."""

import json

from pydantic import JsonValue

LONGEST = 20_000
"""Characters of one value on a page; the API has all of it."""


def written(value: JsonValue) -> str:
    """A text as it is, anything else as JSON, over several lines if it is nested; of what is long the
    beginning."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters)"


def is_nested(value: JsonValue) -> bool:
    """Whether it takes several lines."""
    return (isinstance(value, dict | list) and bool(value)) or (isinstance(value, str) and "\n" in value)
