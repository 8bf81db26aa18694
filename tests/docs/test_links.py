"""Every link leads somewhere, every page can be found, and the README stays short."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import NAMES, anchors, is_page, links, prose, text_of
from tests.support.demo import ROOT

CONFIGURATION = yaml.safe_load(text_of("mkdocs.yml"))
ON_THE_SITE = {
    {"README.md": "first-look.md", "SECURITY.md": "security.md", "ARCHITECTURE.md": "architecture.md"}.get(
        name, name.removeprefix("docs/")
    )
    for name in NAMES
}
PAGE_PATH = re.compile(r"(?<![\w/.`(-])(?:docs/[\w/-]+\.md)")


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").splitlines()) <= 150


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    for path, anchor in links(name):
        assert (ROOT / path).exists(), path
        if anchor:
            assert is_page(path), f"{path}#{anchor}"
            assert all(anchor in known for known in anchors(path)), f"{path}#{anchor}"


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_linked_not_named(name: str) -> None:
    assert PAGE_PATH.findall(prose(name)) == []


def test_every_page_is_in_the_navigation_once() -> None:
    told = sorted(_paths(CONFIGURATION["nav"]))
    assert told == sorted(ON_THE_SITE)


def _paths(item: object) -> list[str]:
    match item:
        case str():
            return [item]
        case dict():
            return [path for inner in item.values() for path in _paths(inner)]
        case list():
            return [path for inner in item for path in _paths(inner)]
    raise AssertionError(item)


def test_every_page_is_on_the_first_one() -> None:
    listed = {path for path, _ in links("docs/README.md")} | {"docs/README.md"}
    decisions = {name for name in NAMES if name.startswith("docs/decisions/0")}
    assert set(NAMES) - decisions == listed
    assert decisions == {path for path, _ in links("docs/decisions/README.md")}


def test_links_are_those_of_the_site_when_it_is_built(tmp_path: Path) -> None:
    script = ROOT / "deploy" / "docs_site.py"
    subprocess.run([sys.executable, script, tmp_path / "pages"], check=True)
    there = {path.relative_to(tmp_path / "pages").as_posix() for path in tmp_path.glob("pages/**/*.md")}
    assert there == ON_THE_SITE
    assert "](../" in text_of("docs/deploy.md")
    assert "](../" not in (tmp_path / "pages" / "deploy.md").read_text()
    assert "](security.md)" in (tmp_path / "pages" / "README.md").read_text()
    assert "](access.md)" in (tmp_path / "pages" / "security.md").read_text()
    assert "](images/overview.png)" in (tmp_path / "pages" / "first-look.md").read_text()
    assert "](../platforms.md)" in (tmp_path / "pages" / "platforms" / "vertex-ai.md").read_text()


def test_the_site_asks_nothing_of_the_internet() -> None:
    assert CONFIGURATION["theme"]["font"] is False
    assert "://" not in text_of("mkdocs.yml")
    assert CONFIGURATION["strict"] is True
