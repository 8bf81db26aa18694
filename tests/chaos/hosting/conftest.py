"""Processes of the service, and a platform that counts what it infers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.settings import Settings
from tests.chaos.hosting.fleet import Fleet
from tests.chaos.hosting.platform import Platform, running_platform


@pytest.fixture
def platform() -> Iterator[Platform]:
    with running_platform() as platform:
        yield platform


@pytest.fixture
def fleet(settings: Settings, platform: Platform, tmp_path: Path) -> Fleet:
    return Fleet(settings, platform, tmp_path)
