"""What long tests were asked to reach and measured, in a table at the end of the run."""

from collections.abc import Callable

import pytest

Figure = Callable[[str, str, str, str], None]
ELSEWHERE = [
    ("R13", "the whole suite through PgBouncer in transaction mode", "passes", "see `make test-pooler`"),
]
"""Beside those that `make chaos` measures."""
TABLE = pytest.StashKey[list[tuple[str, str, str, str]]]()


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Note a figure before it is asserted: its name (R1), what it is, what is asked, what was measured."""

    def note(name: str, what: str, asked: str, measured: str) -> None:
        request.config.stash.setdefault(TABLE, []).append((name, what, asked, measured))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    noted: list[tuple[str, str, str, str]] = config.stash.get(TABLE, [])
    beside = ELSEWHERE if any(name.startswith("R") for name, *_ in noted) else []
    rows = sorted([*noted, *beside], key=lambda row: (row[0][0], int(row[0][1:])))
    if not rows:
        return
    terminalreporter.section("figures")
    for row in ("", "what", "asked", "measured"), ("---",) * 4, *rows:
        terminalreporter.write_line(f"| {' | '.join(row)} |")
