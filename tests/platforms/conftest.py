"""The sample that every platform's own server serves, and the table of how well they agree."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.platforms.sample import SampleModel, make_sample

Agreement = Callable[..., None]
TABLE = pytest.StashKey[dict[str, list[str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = {}


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleModel:
    return make_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture
def agreement(request: pytest.FixtureRequest, sample: SampleModel) -> Agreement:
    """Assert that a platform's ``outputs`` for the sample's rows are the local endpoint's, and note it.

    ``tolerance`` is in minutes; ``counterpart`` names the server and its version.
    """

    def agree(*, counterpart: str, outputs: Sequence[float], tolerance: float) -> None:
        assert len(outputs) == len(sample.expected)
        largest = max(abs(ours - theirs) for ours, theirs in zip(outputs, sample.expected, strict=True))
        line = f"{counterpart} | {len(outputs)} rows, at most {largest:.1e} min apart (allowed {tolerance:g})"
        request.config.stash[TABLE].setdefault(_platform(request.path), []).append(line)
        assert largest <= tolerance

    return agree


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Platform, counterpart, agreement and the number of tests that passed."""
    table = config.stash[TABLE]
    if not table:
        return
    passed = [
        _platform(Path(report.nodeid.split("::")[0])) for report in terminalreporter.stats.get("passed", [])
    ]
    terminalreporter.section("platforms")
    for platform, lines in sorted(table.items()):
        for line in lines:
            terminalreporter.write_line(f"{platform} | {line} | {passed.count(platform)} tests passed")


def _platform(path: Path) -> str:
    return path.parent.name
