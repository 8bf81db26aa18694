"""A page of a browser that fails its test at whatever a user would complain of, and looks at itself."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, ViewportSize

from tests.browser.places import IMAGES

WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 360, "height": 740}
GRAVE = ("serious", "critical")
SEEN: dict[str, int] = {}
"""How many faults axe found, grave ones, by what was looked at."""
PAINTED: dict[str, float] = {}
"""Milliseconds until the first contentful paint, by path."""
AT_REST = """() => document.readyState === 'complete'
  && [...document.querySelectorAll('[data-figure]')].every((one) => one.querySelector('.main-svg'))"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


class Complaints:
    """What the page complained of. ``expected`` are statuses that a test asked for, such as 404."""

    def __init__(self, page: Page) -> None:
        self.all: list[str] = []
        self.expected: set[int] = set()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.all.append(f"error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        # What an answer of this status logs by itself; which one it was is noted as an answer.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.all.append(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a page was left while it loaded
            self.all.append(f"failed: {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.all.append(f"answered: {response.status} {response.url}")


@contextmanager
def walking(browser: Browser, base: str) -> Iterator[Page]:
    """A page of a browser of its own, whose ``goto`` takes paths; ``page.complaints`` are its Complaints."""
    context = browser.new_context(
        base_url=base,
        viewport=WIDE,
        timezone_id="Europe/Berlin",
        locale="en-GB",
        color_scheme="light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    complaints = Complaints(page)
    setattr(page, "complaints", complaints)  # noqa: B010 - Playwright's page has no such attribute
    yield page
    context.close()
    assert complaints.all == [], "\n".join(complaints.all)


def expect_status(page: Page, *statuses: int) -> None:
    """Have answers of these statuses be no complaint."""
    complaints: Complaints = getattr(page, "complaints")  # noqa: B009 - see walking
    complaints.expected |= set(statuses)


def sign_in(page: Page, key: str, path: str = "/") -> None:
    page.goto(f"/dashboard/sign-in?next={path}")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{path}")


def settle(page: Page) -> None:
    """Wait until what is shown is all there, and note when something was first to be seen."""
    page.wait_for_load_state("networkidle")
    page.wait_for_function(AT_REST)
    if (painted := page.evaluate(PAINT)) is not None:
        PAINTED.setdefault(re.sub(r"^https?://[^/]+|\?.*$", "", page.url), painted)


def look(page: Page, name: str, *, dark: bool = False, keep: bool = True) -> None:
    """Take the page's picture, and fail for what keeps people from using it: axe's grave faults in both
    themes, and a page that has to be scrolled sideways where it is narrow. ``dark``: a dark picture, too;
    ``keep``: whether there is to be a picture at all."""
    settle(page)
    _check(page, name)
    if keep:
        _picture(page, name)
    page.emulate_media(color_scheme="dark")
    settle(page)
    _check(page, f"{name}, dark")
    if keep and dark:
        _picture(page, f"{name}-dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    settle(page)
    _check(page, f"{name}, narrow")
    assert_fits(page)
    page.set_viewport_size(WIDE)


def assert_fits(page: Page) -> None:
    """That nothing of the page lies beside the screen."""
    width, shown = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert width <= shown, f"{page.url} is {width} wide on a screen of {shown}"


def _picture(page: Page, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=Path(IMAGES) / f"{name}.png", animations="disabled")


def _check(page: Page, name: str) -> None:
    found = Axe().run(page).response["violations"]
    grave = [one for one in found if one["impact"] in GRAVE]
    SEEN[name] = len(grave)
    told = [f"{one['id']}: {one['help']}: {[node['html'] for node in one['nodes'][:3]]}" for one in grave]
    assert told == [], f"{name}: {told}"
