"""What walks through the dashboard: a browser, places to walk through, and what is told at the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.away import without_its_platform
from tests.browser.places import Place, browser_program, sample, without_anything
from tests.browser.walking import PAINTED, SEEN, sign_in, walking

pytestmark = pytest.mark.browser
ALONE = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"]
"""Whatever a page asks of another host fails, and its test with it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


PATIENCE = 20_000
"""Milliseconds until what is expected is there; a bound for a broken page, not a measurement."""
NO_BROWSER = "No Chromium was found: install it (Debian: apt install chromium), or name it in CHROMIUM."


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if (program := browser_program()) is None:
        pytest.exit(NO_BROWSER, returncode=1)
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ALONE, *as_root])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """The sample, two versions registered, with a worker; all tests walk through the same one."""
    with sample() as place:
        yield place


@pytest.fixture(scope="session")
def demo(place: Place) -> str:
    """The sample's address."""
    return place.url


@pytest.fixture(scope="session")
def empty_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with without_anything(tmp_path_factory.mktemp("empty") / "log") as place:
        yield place


@pytest.fixture(scope="session")
def empty(empty_place: Place) -> str:
    """The address of a service with nothing in its database."""
    return empty_place.url


@pytest.fixture
def visit(browser: Browser, demo: str) -> Iterator[Page]:
    """A page of the sample, not signed in, that fails the test at any complaint of its browser."""
    with walking(browser, demo) as page:
        yield page


@pytest.fixture
def walk(visit: Page, place: Place) -> Page:
    """The same, signed in with a key for everything."""
    sign_in(visit, place.keys["admin"])
    return visit


@pytest.fixture
def walk_empty(browser: Browser, empty_place: Place) -> Iterator[Page]:
    """The same at the service with nothing in its database."""
    with walking(browser, empty_place.url) as page:
        sign_in(page, empty_place.keys["admin"])
        yield page


@pytest.fixture(scope="session")
def away_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A service with a model whose platform is away, three records, and no worker."""
    with without_its_platform(tmp_path_factory.mktemp("away") / "log") as place:
        yield place


@pytest.fixture
def walk_away(browser: Browser, away_place: Place) -> Iterator[Page]:
    """The same there."""
    with walking(browser, away_place.url) as page:
        sign_in(page, away_place.keys["admin"])
        yield page


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SEEN:
        terminalreporter.section("axe")
        terminalreporter.write_line(f"{len(SEEN)} looks, {sum(SEEN.values())} serious or critical faults")
    if PAINTED:
        terminalreporter.section("first contentful paint")
    for path, milliseconds in sorted(PAINTED.items()):
        terminalreporter.write_line(f"{milliseconds:6.0f} ms  {path}")
