"""What a page says, as text, and where its links and forms lead."""

from html.parser import HTMLParser

import httpx


class Html(HTMLParser):
    """``text`` is all that is written, with single blanks; ``tags`` the names and attributes, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._said: list[str] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._said).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self._said.append(data)

    def all(self, tag: str, attribute: str) -> list[str]:
        """The values of an attribute, wherever the tag has it."""
        return [value for name, given in self.tags if name == tag and (value := given.get(attribute))]

    def fields(self) -> dict[str, str]:
        """Inputs with their values, by name."""
        return {
            given["name"]: given.get("value") or ""
            for name, given in self.tags
            if name == "input" and given.get("name")
        }


def text_of(answer: httpx.Response) -> str:
    """What is said on a page."""
    return Html(answer.text).text


def fields_of(answer: httpx.Response) -> dict[str, str]:
    """What a browser would send with its forms, of their inputs."""
    return Html(answer.text).fields()


def page_of(answer: httpx.Response, status: int = 200) -> Html:
    """The page that was answered, with this status."""
    assert answer.status_code == status, (
        f"{answer.status_code} {answer.headers.get('location')} {answer.text}"
    )
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Html(answer.text)
