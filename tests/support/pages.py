"""Pages of documentation whose blocks are run: what they show, and whether what was said is that."""

import re
from dataclasses import dataclass

FENCED = re.compile(r"^```(bash|python)\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """``said`` is what stands below it as its output, if anything; ``section`` the heading above it."""

    section: str
    language: str
    text: str
    said: str


def blocks_of(page: str) -> list[Block]:
    """The blocks that do something, in their order: `sh` and `py` only show (tests/docs/test_shown.py)."""
    sections = [part.partition("\n") for part in re.split("^## ", page, flags=re.MULTILINE)]
    return [Block(name, *found) for name, _, text in sections for found in FENCED.findall(text)]


def lacking(shown: str, said: str) -> str | None:
    """The first line shown that was not said after those before it; ``...`` stands for anything."""
    rest = iter([_plain(line) for line in said.splitlines()])
    for line in shown.splitlines():
        wanted = re.compile(".*".join(map(re.escape, _plain(line).split("..."))))
        if not any(wanted.fullmatch(one) for one in rest):
            return line
    return None


def _plain(line: str) -> str:
    """Without what differs between a terminal and a pipe: how tables are spaced, and how long numbers are."""
    line = re.sub(r"\d+\.\d{5,}", lambda number: f"{float(number[0]):.4g}", line)
    return re.sub(r"\s+", " ", re.sub(r"\b(\d+)\.0\b", r"\1", line)).strip()
