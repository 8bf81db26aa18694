"""Stored values as people read them."""

import json
from io import StringIO

from pydantic import JsonValue

ENCODER = json.JSONEncoder(ensure_ascii=False, indent=2)
LONGEST = 20_000
"""Characters of one value on a page; the API has all of it."""


def written(value: JsonValue) -> str:
    """A text as it is, anything else as JSON, over several lines if it is nested; of what is long the
    beginning."""
    text = value if isinstance(value, str) else _as_json(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... (the rest is left out)"


def _as_json(value: JsonValue) -> str:
    """No more of it than can be shown: a page has a hundred values, and one may have a million characters."""
    text = StringIO()
    for piece in ENCODER.iterencode(value):
        if text.tell() > LONGEST:
            break
        text.write(piece)
    return text.getvalue()


def is_nested(value: JsonValue) -> bool:
    """Whether it takes several lines."""
    return (isinstance(value, dict | list) and bool(value)) or (isinstance(value, str) and "\n" in value)
