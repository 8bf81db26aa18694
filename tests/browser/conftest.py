"""What walks through the dashboard: a browser, places to walk through, and what is told at the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.places import Place, browser_program, sample, without_anything
from tests.browser.walking import PAINTED, SEEN, sign_in, walking
from tests.support.postgres import MigratedServer

pytestmark = pytest.mark.browser
ALONE = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
"""Whatever a page asks of another host fails, and its test with it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = browser_program()
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
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
def empty_place(postgres_server: MigratedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with (
        postgres_server.clone() as url,
        without_anything(url, tmp_path_factory.mktemp("empty") / "log") as place,
    ):
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SEEN:
        terminalreporter.section("axe")
        terminalreporter.write_line(f"{len(SEEN)} looks, {sum(SEEN.values())} serious or critical faults")
    if PAINTED:
        terminalreporter.section("first contentful paint")
    for path, milliseconds in sorted(PAINTED.items()):
        terminalreporter.write_line(f"{milliseconds:6.0f} ms  {path}")
