"""Faults under load, and what is lost by them."""

import pytest

from tests.support.figures import TABLE
from tests.support.figures import Figure as Figure  # under this name its tests ask for it

ELSEWHERE = [
    ("R13", "the whole suite through PgBouncer in transaction mode", "passes", "see `make test-pooler`"),
]


def pytest_configure(config: pytest.Config) -> None:
    config.stash.setdefault(TABLE, []).extend(ELSEWHERE)
