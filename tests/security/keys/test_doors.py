"""S2: every door of the running service, with no key, wrong ones, and such as are too narrow."""

from pathlib import Path

import pytest

from app.core.settings import Settings
from tests.security.keys.asking import TRIED
from tests.security.keys.broken import BROKEN, program
from tests.security.keys.doors import of_paths, of_places, of_routes
from tests.security.keys.lines import of_lines
from tests.security.keys.world import peopled
from tests.support.figures import Figure

pytestmark = pytest.mark.security


def test_nothing_is_let_out(settings: Settings, tmp_path: Path, figure: Figure) -> None:
    with peopled(settings, tmp_path) as world:
        doors, first = (of_routes, of_paths, of_places, of_lines), next(TRIED)
        found = [one for door in doors for one in door(world)]
    measured = f"{len(found)} in {next(TRIED) - first} requests"
    figure("S2", "every route x no, wrong, expired, revoked and too narrow keys", "0 leaks", measured)
    assert found == []
    log = world.log.read_text()
    assert [name for name, key in world.held.items() if name != "name" and key in log] == []


def test_nothing_is_let_out_below_a_root_path(settings: Settings, tmp_path: Path, figure: Figure) -> None:
    below = "/scores"
    with peopled(settings, tmp_path, root_path=below) as world:
        first = next(TRIED)
        found = [*of_paths(world, below=below), *of_routes(world)]
    measured = f"{len(found)} in {next(TRIED) - first} requests"
    figure("S2", "the same with ROOT_PATH", "0 leaks", measured)
    assert found == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_service_is_seen(settings: Settings, tmp_path: Path, name: str) -> None:
    fault = BROKEN[name]
    with peopled(settings, tmp_path, program=program(fault)) as world:
        found = [*fault.door(world)]
    assert any(fault.seen_as in one for one in found), found[:3]
