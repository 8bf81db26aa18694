"""Faults under load, and what is lost by them: what was asked and measured, in a table at the end."""

from collections.abc import Callable

import pytest

Figure = Callable[[str, str, str, str], None]
ELSEWHERE = [
    ("R13", "the whole suite through PgBouncer in transaction mode", "passes", "see `make test-pooler`"),
]
TABLE = pytest.StashKey[list[tuple[str, str, str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = []


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Note a figure before it is asserted: its name, what it is, what is asked, what was measured."""

    def note(name: str, what: str, asked: str, measured: str) -> None:
        request.config.stash[TABLE].append((name, what, asked, measured))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not (noted := config.stash[TABLE]):
        return
    rows = sorted([*noted, *ELSEWHERE], key=lambda row: int(row[0].removeprefix("R")))
    terminalreporter.section("figures")
    for row in ("", "what", "asked", "measured"), ("---",) * 4, *rows:
        terminalreporter.write_line(f"| {' | '.join(row)} |")
