"""Conditional requests (RFC 9110, section 13): a record's ETag is its content hash in quotes."""

import re
from typing import Annotated

from fastapi import Depends, Header

from app.services.records.records import Allows

TAG = re.compile(r'(?P<weak>W/)?"(?P<content_hash>[^"]*)"')

IfNoneMatch = Annotated[str | None, Header(description="ETags, or *")]


def etag(content_hash: str) -> str:
    return f'"{content_hash}"'


def names(header: str, content_hash: str | None, *, weak: bool) -> bool:
    """Whether the header names this content; ``*`` names any that exists. Strictly, weak tags never match."""
    if content_hash is None or header.strip() == "*":
        return content_hash is not None
    found = TAG.finditer(header)
    return any(tag["content_hash"] == content_hash and (weak or not tag["weak"]) for tag in found)


def _condition(
    if_match: Annotated[
        str | None, Header(description="Write only if this is the ETag; * if it exists")
    ] = None,
    if_none_match: Annotated[str | None, Header(description="* to write only if it does not exist")] = None,
) -> Allows:
    def allows(stored: str | None) -> bool:
        if if_match is not None and not names(if_match, stored, weak=False):
            return False
        return if_none_match is None or not names(if_none_match, stored, weak=True)

    return allows


Condition = Annotated[Allows, Depends(_condition)]
"""What If-Match and If-None-Match ask of the stored record before a write."""
