"""Other ways to what is there, over a real socket: the short form of tests/security/keys."""

from pathlib import Path

from app.core.settings import Settings
from tests.security.keys.doors import of_paths, of_places
from tests.security.keys.lines import of_lines
from tests.security.keys.world import peopled


def test_no_other_way_leads_in(settings: Settings, tmp_path: Path) -> None:
    with peopled(settings, tmp_path) as world:
        assert [one for door in (of_paths, of_places, of_lines) for one in door(world)] == []
