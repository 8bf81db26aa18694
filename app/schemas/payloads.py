"""A request body that the user's code makes whole, in place of a row."""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from app.schemas.rows import Row

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
MEDIA_TYPE = rf"{_TOKEN}/{_TOKEN}( *; *{_TOKEN}=({_TOKEN}|\"[ !#-\[\]-~]*\"))*"
"""A type and a subtype, parameters may follow (RFC 9110, 8.3.1)."""
LONGEST_TYPE = 1024
"""Characters of a media type: as many as InvokeEndpoint takes."""


@dataclass(frozen=True)
class Payload:
    """What the model gets for one item, as it is, in a call of its own: an image, an array, a protobuf."""

    content: bytes = field(repr=False)
    content_type: str
    """Its media type, such as image/jpeg."""

    def fault(self) -> str | None:
        """What is wrong with it, in words that hold nothing of it."""
        content: object = self.content
        kind: object = self.content_type  # both are the user's, who may not have looked at the types
        if not isinstance(content, bytes):
            return f"its content is of type {type(content).__name__}, not bytes"
        if not content:
            return "its content is empty"
        if not (isinstance(kind, str) and len(kind) <= LONGEST_TYPE and re.fullmatch(MEDIA_TYPE, kind)):
            return "its content_type is no media type such as image/jpeg"
        return None


Sendable: TypeAlias = Row | Payload
"""What goes to a model for one item."""
