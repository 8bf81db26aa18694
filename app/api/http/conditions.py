"""Conditional requests (RFC 9110, section 13): a record's ETag is its content hash in quotes."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.dependencies.models import Dependant

from app.core.errors import FieldError, InvalidInput, PreconditionFailed

TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
LIST = re.compile(rf"{TAG}(?:[ \t]*,[ \t]*{TAG})*")
RIGHT = 'must be * or ETags in double quotes, with commas between them, such as "5f3a"'
CONDITIONS = ("If-Match", "If-None-Match", "If-Unmodified-Since", "If-Modified-Since")
SAFE = ("GET", "HEAD", "OPTIONS")
BY_A_PROXY = re.compile(r"[-.:;]+(?:gzip|br|zstd|deflate)$")
"""What some proxies that compress put at the end of a tag; others put W/ before it."""


@dataclass(frozen=True)
class SentTag:
    """An ETag as a caller sent it, without its quotes."""

    sent: str
    weak: bool

    @property
    def content_hash(self) -> str:
        """What it was before a proxy changed it."""
        return BY_A_PROXY.sub("", self.sent)

    @property
    def changed(self) -> bool:
        return self.weak or self.sent != self.content_hash


@dataclass(frozen=True)
class Tags:
    """What a condition names; with no tags it is ``*``: whatever exists."""

    tags: Sequence[SentTag]

    def name(self, stored: str | None) -> bool:
        """Whether they name this content hash, however a proxy changed them; None is no record."""
        return stored is not None and (not self.tags or any(tag.content_hash == stored for tag in self.tags))

    def name_strictly(self, stored: str | None) -> bool:
        """The same by the strong comparison, to which a weak tag names nothing."""
        return stored is not None and (
            not self.tags or any(tag.sent == stored and not tag.weak for tag in self.tags)
        )


@dataclass(frozen=True)
class Conditions:
    """What a request asks of the stored record before it is answered."""

    if_match: Tags | None
    if_none_match: Tags | None

    def objection(self, stored: str | None) -> str | None:
        """Why what is asked may not be done, given the stored content hash; None if it may."""
        if self.if_match is not None and not self.if_match.name_strictly(stored):
            return _unmatched(self.if_match, stored)
        if self.if_none_match is None or not self.if_none_match.name(stored):
            return None
        star = "the record exists, and the header is *"
        return f"If-None-Match does not hold: {_is(stored) if self.if_none_match.tags else star}."

    def is_unchanged(self, content_hash: str) -> bool:
        """Whether a reader has this content; PreconditionFailed where it is not what If-Match asks for."""
        if objection := Conditions(self.if_match, None).objection(content_hash):
            raise PreconditionFailed(objection)
        return self.if_none_match is not None and self.if_none_match.name(content_hash)


def etag(content_hash: str) -> str:
    return f'"{content_hash}"'


def _is(stored: str | None) -> str:
    return "there is no such record" if stored is None else f"the record's ETag is {etag(stored)}"


def _unmatched(asked: Tags, stored: str | None) -> str:
    said = f"If-Match does not hold: {_is(stored)}."
    if not any(tag.changed for tag in asked.tags):
        return said
    return (
        f'{said} A tag that a proxy has changed (W/"...", "...-gzip") never matches: send the content_hash '
        "of the record that you have read, in double quotes."
    )


def read(header: str, lines: Sequence[str]) -> Tags | None:
    """What the lines of a header name, None without any; InvalidInput where that cannot be read."""
    if not lines:
        return None
    given = ", ".join(lines).strip()
    if given == "*":
        return Tags(())
    if not LIST.fullmatch(given):
        raise InvalidInput("The condition cannot be read.", errors=[FieldError(header, RIGHT)])
    found = re.findall(TAG, given)
    return Tags([SentTag(tag.removeprefix("W/")[1:-1], weak=tag.startswith("W/")) for tag in found])


async def _conditions(
    request: Request,
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="Only if this is the ETag; * if it exists")
    ] = None,
    if_none_match: Annotated[
        str | None, Header(alias="If-None-Match", description="Only if this is not; * if there is none")
    ] = None,
) -> Conditions:
    """A header may come in several lines, of which FastAPI gives one."""
    asked = Conditions(
        None if if_match is None else read("If-Match", request.headers.getlist("if-match")),
        None if if_none_match is None else read("If-None-Match", request.headers.getlist("if-none-match")),
    )
    wants_none = asked.if_none_match is not None and not asked.if_none_match.tags
    if wants_none and asked.if_match is not None and request.method != "GET":
        both = FieldError("If-None-Match", "* can never hold beside If-Match: send one of the two")
        raise InvalidInput("The conditions cannot both hold.", errors=[both])
    return asked


Condition = Annotated[Conditions, Depends(_conditions)]
"""What If-Match and If-None-Match ask."""


def taken(dependant: Dependant) -> Collection[str]:
    """The conditions that a route knows, by itself or by what it depends on."""
    return [name for name in CONDITIONS if name.lower() in set(_headers(dependant))]


def _headers(dependant: Dependant) -> Iterator[str]:
    yield from (parameter.alias.lower() for parameter in dependant.header_params)
    for inner in dependant.dependencies:
        yield from _headers(inner)


def require_taken(request: Request, taken: Collection[str]) -> None:
    """InvalidInput where a write would be done although its caller made it depend on what is not read."""
    if request.method in SAFE:
        return
    there = f"; there is {', '.join(taken)}" if taken else ""
    faults = [
        FieldError(name, f"this request takes no such condition{there}")
        for name in CONDITIONS
        if name not in taken and name in request.headers
    ]
    if faults:
        raise InvalidInput("The request's condition is none that it takes.", errors=faults)
