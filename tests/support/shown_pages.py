"""What a page shows, as its reader finds it."""

import re
from html.parser import HTMLParser

import httpx

HIDDEN = ("script", "style", "template", "title")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.fields: dict[str, str] = {}
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in HIDDEN
        given = dict(attrs)
        if tag == "input" and given.get("name"):
            self.fields[given["name"] or ""] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in HIDDEN

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.said.append(data)


def text_of(answer: httpx.Response) -> str:
    """All that is said on it, with single blanks."""
    return re.sub(r"\s+", " ", " ".join(_read(answer).said)).strip()


def fields_of(answer: httpx.Response) -> dict[str, str]:
    """What the inputs of its forms hold, by their names: what a browser would send with them."""
    return _read(answer).fields


def _read(answer: httpx.Response) -> _Reader:
    reader = _Reader()
    reader.feed(answer.text)
    return reader
