"""What an answer is, by the content type that it announces."""

from app.backends.wire.formats import ContentType
from app.core.errors import BadOutput

KINDS: dict[str, ContentType] = {
    **dict.fromkeys(("text/csv", "application/csv"), "text/csv"),
    **dict.fromkeys(("application/json", "text/json"), "application/json"),
    **dict.fromkeys(
        ("application/jsonlines", "application/x-jsonlines", "application/jsonl", "application/x-ndjson"),
        "application/jsonlines",
    ),
}
"""What answers are, by what they announce."""
PAGES = ("text/html", "application/xhtml+xml", "application/xml", "text/xml")
"""What proxies and consoles answer, and no model."""


def bare(content_type: str) -> str:
    """The type alone, without parameters and in lower case."""
    return content_type.partition(";")[0].strip().lower()


def kind_of(content_type: str) -> ContentType | None:
    """What an answer is that announces this type; parameters and upper case do not matter, nor what stands
    before +json. None where that does not tell."""
    name = bare(content_type)
    return "application/json" if name.endswith("+json") else KINDS.get(name)


def readable(content_type: str, otherwise: ContentType | None) -> ContentType:
    """The same; ``otherwise`` where it does not tell, but for a page. BadOutput where nothing tells it."""
    if (kind := kind_of(content_type)) is not None:
        return kind
    if otherwise is None or is_page(content_type):
        raise BadOutput(
            f"The model answered {bare(content_type)[:100]!r}; CSV, JSON and JSON Lines can be read. What is"
            " announced as something else the option answer_type can tell."
        )
    return otherwise


def is_page(content_type: str) -> bool:
    return bare(content_type) in PAGES


def is_text(content_type: str) -> bool:
    """Whether it can be taken for a text of the model's."""
    return bare(content_type).startswith("text/") and not is_page(content_type)
