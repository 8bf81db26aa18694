"""The pages of the documentation: their blocks, headings and links."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from posixpath import join, normpath

from tests.support.demo import ROOT

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`[^`\n]+`")

NAMES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [
        *ROOT.glob("docs/**/*.md"),
        *(ROOT / name for name in ("README.md", "SECURITY.md", "ARCHITECTURE.md")),
    ]
)
"""Their paths in the checkout."""


@dataclass(frozen=True)
class Fence:
    """A block of a page; ``answer`` is the JSON that stands right below a command."""

    page: str
    line: int
    language: str
    text: str
    answer: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def fences(name: str) -> list[Fence]:
    """The blocks of a page, in their order; an answer is a block of its own, too."""
    page = text_of(name)
    found = list(FENCE.finditer(page))
    below = {match.start(): match for match in found if match[1] == "json"}
    return [
        Fence(
            name,
            page.count("\n", 0, match.start()) + 1,
            match[1],
            match[2],
            below[match.end() + 1][2] if match[1] == "bash" and match.end() + 1 in below else None,
        )
        for match in found
    ]


def all_fences(*languages: str) -> list[Fence]:
    return [fence for name in NAMES for fence in fences(name) if fence.language in languages]


def prose(name: str) -> str:
    """A page without its blocks, in as many lines."""
    return FENCE.sub(lambda block: "\n" * block[0].count("\n"), text_of(name))


def anchors(name: str) -> tuple[set[str], set[str]]:
    """What headings are called on a forge, and on the site."""
    headings = re.findall(r"^#+ (.+)$", prose(name), re.MULTILINE)
    return {_on_a_forge(one) for one in headings}, {_on_the_site(one) for one in headings}


def _on_a_forge(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _on_the_site(heading: str) -> str:
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def links(name: str) -> list[tuple[str, str]]:
    """Path and anchor of each link into the checkout; an anchor of the page itself has its own path."""
    found = [match[2] for match in LINK.finditer(CODE.sub("", prose(name)))]
    parted = [target.partition("#") for target in found if "://" not in target]
    return [(normpath(join(name, "..", path)) if path else name, anchor) for path, _, anchor in parted]


def is_page(path: str) -> bool:
    return path.endswith(".md") and Path(ROOT / path).is_file()
