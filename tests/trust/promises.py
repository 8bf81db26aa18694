"""The promises, each as a check of one answer or one call. They are those of docs/caching.md."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

from app.services.predictions.predictor import Answer
from tests.trust.platform import Call, Looked, Platform

Status = Literal["void", "provisional", "confirmed"]


@dataclass(frozen=True)
class Request:
    """What was asked, by which code, and between which ticks it was answered."""

    record: str
    version: str | None
    refresh: bool
    code: str
    ttl: float | None
    began: int


@dataclass
class Span:
    """A value, such as a record's content, and when it came to be."""

    value: object
    since: int


@dataclass
class Book:
    """All that happened, by ticks of the platform's clock."""

    platform: Platform
    contents: dict[str, list[Span]] = field(default_factory=dict)
    live: list[Span] = field(default_factory=list)
    applied: list[tuple[int, Looked]] = field(default_factory=list)
    """Looks that are surely noted, and since when."""
    landed: dict[tuple[int, object, str], tuple[int, float]] = field(default_factory=dict)
    """By call, content and code: since when an answer is surely stored, and how much time had passed."""
    led: dict[int, Request] = field(default_factory=dict)
    """The requests that calls were made for."""
    lost: set[int] = field(default_factory=set)
    """Calls that were under way when a process was killed."""
    passed: float = 0.0
    """Seconds that were made to pass."""
    faults: list[str] = field(default_factory=list)

    def during(self, spans: list[Span], began: int) -> list[object]:
        """The values that held at some moment since a tick."""
        before = [span for span in spans if span.since <= began][-1:]
        return [span.value for span in [*before, *(span for span in spans if span.since > began)]]

    def forget(self, request: Request, x: object) -> None:
        """What a refresh takes the place of, or was too old for a request, is in no cache any longer."""
        for key, (_, passed) in list(self.landed.items()):
            is_too_old = request.ttl is not None and self.passed - passed > request.ttl - 5
            if key[1:] == (x, request.code) and (request.refresh or is_too_old):
                del self.landed[key]

    def looks(self, version: str) -> list[Looked]:
        """Those at a version that had an answer."""
        return [one for one in self.platform.looks if one.version == version and one.ended is not None]

    def noted(self, version: str, began: int, ended: int) -> list[Looked]:
        """The looks that may have been the newest noted one of a version at some moment between."""
        sure = [one for since, one in self.applied if since <= began and one.version == version]
        newest = max(sure, key=lambda looked: looked.began, default=None)
        later = [
            looked
            for looked in self.looks(version)
            if looked.ended is not None
            and looked.ended <= ended
            and (newest is None or looked.began > newest.began)
        ]
        return [*([newest] if newest else []), *later]

    def status(self, call: Call, at: int) -> Status:
        """What is known, by looks that are noted at a tick, of what made a call's answers."""
        if self.platform.style == "told":
            return "confirmed"
        ended = call.ended if call.ended is not None else at
        done = self.looks(call.version)
        before = max(
            (look for look in done if look.ended and look.ended <= call.began),
            key=lambda look: look.began,
            default=None,
        )
        if before is None or before.found is None or not _tells(before, self.platform):
            return "void"
        applied = [look for since, look in self.applied if since <= at and look.version == call.version]
        noted = [look for look in applied if look.began > before.began]
        later = sorted(noted, key=lambda look: look.began)
        for look in later:
            if _differs(before, look):
                return "void"
            if look.began >= ended:
                return "confirmed"
        return "provisional"


def _tells(look: Looked, platform: Platform) -> bool:
    found = look.found
    return found is not None and not found.pending and (len(found.revisions) == 1 or bool(found.variants))


def _differs(one: Looked, other: Looked) -> bool:
    a, b = one.found, other.found
    assert a is not None
    assert b is not None
    if (a.revisions, a.variants, a.pending) != (b.revisions, b.variants, b.pending):
        return True
    return a.surroundings == b.surroundings and a.changed != b.changed


def answer_faults(book: Book, request: Request, answer: Answer, ended: int, passed: float) -> Iterator[str]:
    """What an answer breaks that was given at a tick, and after so much time had passed."""
    output = answer.prediction
    assert isinstance(output, dict), output
    call = book.platform.calls[int(str(output["call"]))]
    if output["x"] not in book.during(book.contents[request.record], request.began):
        yield f"input: made from {output['x']}, which {request.record} did not hold"
    asked = [request.version] if request.version else book.during(book.live, request.began)
    if answer.version not in asked or call.version != answer.version:
        yield f"version: {answer.version}, made by {call.version}, asked for {asked}"
    if output["code"] != request.code:
        yield f"code: made by {output['code']}, asked of {request.code}"
    yield from _age_faults(book, request, call, output["x"], passed)
    if answer.cache == "HIT":
        yield from _hit_faults(book, request, answer, call, ended)
    elif book.platform.style == "told" and answer.revision != call.by:
        yield f"label: labelled {answer.revision}, made by {call.by}"


def _age_faults(book: Book, request: Request, call: Call, x: object, passed: float) -> Iterator[str]:
    if request.refresh and (call.ended is None or call.ended < request.began):
        yield "refresh: computed before it was asked for"
    landed = book.landed.get((call.number, x, request.code))
    if request.ttl is not None and landed is not None and passed - landed[1] > request.ttl + 5:
        yield f"age: {passed - landed[1]} s of {request.ttl}"


def _hit_faults(book: Book, request: Request, answer: Answer, call: Call, ended: int) -> Iterator[str]:
    looks = book.noted(answer.version, request.began, ended)
    sets = [look.found.revisions for look in looks if look.found]
    if answer.revision == "" and not book.noted(answer.version, request.began, request.began):
        return  # of a version of which no look has told anything, as where nobody may look
    if not any(answer.revision in one for one in sets):
        yield f"revision: a hit of {answer.revision}, noted is {sets}"
    status = book.status(call, request.began)
    if status == "void":
        yield f"unknown: a hit that nobody knows who made, labelled {answer.revision}, made by {call.by}"
    if status == "confirmed" and call.by != answer.revision:
        yield f"label: a hit labelled {answer.revision}, made by {call.by}"


def label(book: Book, call: Call) -> str | None:
    """The revision under which a call's answers are kept."""
    if book.platform.style != "silent":
        return call.by
    done = [look for look in book.looks(call.version) if look.ended is not None and look.ended <= call.began]
    before = max(done, key=lambda look: look.began, default=None)
    found = before.found if before else None
    return next(iter(found.revisions)) if found and len(found.revisions) == 1 else None


def call_faults(book: Book, call: Call, request: Request) -> Iterator[str]:
    """What a call costs that should have been saved: an answer for each of its rows was there already."""
    looks = book.noted(call.version, request.began, call.began)
    if len(looks) != 1 or looks[0].found is None:
        return
    serving = looks[0].found.revisions
    for x in call.rows:
        for (number, content, code), (since, passed) in book.landed.items():
            made = book.platform.calls[number]
            too_old = request.ttl is not None and book.passed - passed > request.ttl - 5
            if (content, code, made.version) != (x, request.code, call.version) or too_old:
                continue
            is_there = since <= request.began and label(book, made) in serving
            is_there = is_there and not _is_overtaken(book, made)
            if is_there and book.status(made, request.began) != "void":
                yield f"cost: call {call.number} infers {x} again, which call {number} did"


def _is_overtaken(book: Book, call: Call) -> bool:
    """Whether a look ended after the call was led to and before it was made, perhaps once more: what goes by
    the look before cannot know who made its answer."""
    led = book.led.get(call.number)
    if led is None or book.platform.style == "told":
        return False
    return any(led.began < (look.ended or 0) < (call.ended or 0) for look in book.looks(call.version))


def double_faults(book: Book, since: int) -> Iterator[str]:
    """Calls from number ``since`` on that were made for one content while another one was under way."""
    calls = [call for call in book.platform.calls[since:] if _counts(book, call)]
    for first, second in combinations(calls, 2):
        both = (book.led[first.number], book.led[second.number])
        keys = {
            (call.version, str(call.rows), one.code) for call, one in zip((first, second), both, strict=True)
        }
        between = any(first.began < at < (second.ended or 0) for at, _ in book.applied)
        if len(keys) == 1 and not between and second.began < (first.ended or 0):
            yield f"cost: call {second.number} infers {second.rows} beside call {first.number}"


def _counts(book: Book, call: Call) -> bool:
    led = book.led.get(call.number)
    is_lost = call.number in book.lost or call.ended is None
    return led is not None and not led.refresh and not is_lost and book.status(call, call.began) != "void"
