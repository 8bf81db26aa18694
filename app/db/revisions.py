"""Which migrations there are, read from their files: Alembic runs them all to know."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

MIGRATIONS = Path(__file__).parents[2] / "migrations"
_REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)
_DOWN_REVISION = re.compile(r'^down_revision = (?:"(\w+)"|None)$', re.MULTILINE)


@cache
def known() -> frozenset[str]:
    """Every revision of this release."""
    return frozenset(_before())


@cache
def head() -> tuple[str, ...]:
    """The newest, which no other one follows."""
    return tuple(known().difference(_before().values()))


def _before() -> Mapping[str, str | None]:
    """Each revision's predecessor."""
    texts = [file.read_text(encoding="utf-8") for file in (MIGRATIONS / "versions").glob("*.py")]
    return {_REVISION.findall(text)[0]: _DOWN_REVISION.findall(text)[0] or None for text in texts}
