"""Conditional requests (RFC 9110, section 13): a record's ETag is its version in quotes."""

import re
from typing import Annotated

from fastapi import Depends, Header

from app.services.records.records import Allows

TAG = re.compile(r'(?P<weak>W/)?"(?P<version>[^"]*)"')

IfNoneMatch = Annotated[str | None, Header(description="ETags, or *")]


def etag(version: str) -> str:
    return f'"{version}"'


def names(header: str, version: str | None, *, weak: bool) -> bool:
    """Whether the header names this version; ``*`` names any that exists. Strictly, weak tags never match."""
    if version is None or header.strip() == "*":
        return version is not None
    return any(tag["version"] == version and (weak or not tag["weak"]) for tag in TAG.finditer(header))


def _condition(
    if_match: Annotated[
        str | None, Header(description="Write only if this is the ETag; * if it exists")
    ] = None,
    if_none_match: Annotated[str | None, Header(description="* to write only if it does not exist")] = None,
) -> Allows:
    def allows(version: str | None) -> bool:
        if if_match is not None and not names(if_match, version, weak=False):
            return False
        return if_none_match is None or not names(if_none_match, version, weak=True)

    return allows


Condition = Annotated[Allows, Depends(_condition)]
"""What If-Match and If-None-Match ask of the stored version before a write."""
