"""Faults under load, and what is lost by them: what was asked and measured, in a table at the end."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.settings import Settings
from tests.chaos.fleet import Fleet
from tests.chaos.platform import Platform, running_platform

Figure = Callable[[str, str, str, str], None]
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
    noted = config.stash[TABLE]
    rows = sorted(noted, key=lambda row: int(row[0].removeprefix("R")))
    if not rows:
        return
    terminalreporter.section("figures")
    for row in ("", "what", "asked", "measured"), ("---",) * 4, *rows:
        terminalreporter.write_line(f"| {' | '.join(row)} |")


@pytest.fixture
def platform() -> Iterator[Platform]:
    with running_platform() as platform:
        yield platform


@pytest.fixture
def fleet(settings: Settings, platform: Platform, tmp_path: Path) -> Fleet:
    return Fleet(settings, platform, tmp_path)
