"""Charts under the policy of the pages, with numbers for who cannot see them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response
from jinja2 import ChoiceLoader, DictLoader, FileSystemLoader
from playwright.sync_api import Browser, Page, expect
from pydantic import JsonValue

from app.api.access.scopes import READ
from app.dashboard import rendering
from app.dashboard.routes import pages
from tests.browser.fresh import served
from tests.browser.walking import look, settle, walking

HERE = Path(__file__).parent
DAYS = [f"2026-11-{day:02}T23:30:00.000Z" for day in range(1, 15)]


def _with_gap(least: float, *, at: int) -> list[JsonValue]:
    return [None if day == at else least + day % 3 / 50 for day in range(14)]


FIGURE = {
    "data": [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": f"version {version}",
            "x": DAYS,
            "y": [
                None if day == 6 and version == 2 else 0.8 + 0.02 * version + day % 3 / 50
                for day in range(14)
            ],
            "error_y": {"type": "data", "array": [0.02] * 14, "arrayminus": [0.01] * 14},
            "connectgaps": False,
        }
        for version in (1, 2)
    ],
    "layout": {
        "yaxis": {"title": {"text": "accuracy"}, "tickformat": ".0%"},
        "xaxis": {"type": "date", "title": {"text": "day ({zone})"}},
    },
}
BARS = {
    "data": [
        {
            "type": "bar",
            "orientation": "h",
            "x": [3, 12_345, 7],
            "y": ["unavailable", "backend-timeout", "user-code"],
            "marker": {"color": "var(--bad)"},
        }
    ],
    "layout": {"xaxis": {"title": {"text": "errors"}}, "hovermode": "closest"},
}
PART = '<div id="part">Done at {{ parts.moment(at) }}</div>'
AT = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)


def _add(app: FastAPI) -> None:
    shown = rendering.environment("")
    mine = {"part.html": '{% import "parts/common.html" as parts %}' + PART}
    shown.loader = ChoiceLoader([FileSystemLoader([rendering.TEMPLATES, HERE]), DictLoader(mine)])
    router = pages()

    @router.get("/dashboard/try", dependencies=[READ])
    async def show(request: Request) -> Response:
        return rendering.page(request, "everything.html", lines=FIGURE, bars=BARS, at=AT)

    @router.get("/dashboard/part", dependencies=[READ])
    async def show_part(request: Request) -> Response:
        return rendering.page(request, "part.html", at=AT)

    app.include_router(router)


@pytest.fixture
def shown(browser: Browser) -> Iterator[Page]:
    with served(_add) as url, walking(browser, url) as page:
        page.goto("/dashboard/try")
        settle(page)
        yield page


def test_a_chart_is_drawn_and_its_numbers_are_there_to_be_read(shown: Page) -> None:
    chart = shown.get_by_role("figure").filter(has_text="Accuracy over time")
    expect(chart.locator(".main-svg").first).to_be_visible()
    assert chart.locator("path.js-line").first.get_attribute("d") not in (None, "", "M0,0")
    chart.get_by_text("Numbers").click()
    row = chart.get_by_role("row", name="8 Nov 2026, 00:30:00")
    expect(row).to_contain_text("0.820 (0.810 to 0.840)")
    expect(row.get_by_role("cell").nth(1)).to_have_text("–")  # a gap
    chart.locator(".nsewdrag").first.hover()
    look(shown, "charts", keep=False)


def test_its_moments_are_in_the_viewers_zone_too(shown: Page) -> None:
    chart = shown.get_by_role("figure").filter(has_text="Accuracy over time")
    expect(chart.locator(".xtitle")).to_have_text("day (Europe/Berlin)")
    drawn = chart.locator(".plot").evaluate("(one) => one.data[0].x")
    assert drawn[0] == "2026-11-02T00:30:00.000"


def test_its_colours_are_those_of_the_theme(shown: Page) -> None:
    def colour() -> str:
        drawn = shown.locator(".bars path").first
        return str(drawn.evaluate("(one) => getComputedStyle(one).fill"))

    light = colour()
    shown.get_by_role("button", name="Switch between light and dark").click()
    expect(shown.locator("html")).to_have_attribute("data-theme", "dark")
    assert colour() != light
    shown.reload()
    expect(shown.locator("html")).to_have_attribute("data-theme", "dark")


def test_moments_are_in_the_viewers_zone_and_parts_renew_themselves(shown: Page) -> None:
    at = shown.locator("td time")
    expect(at).to_have_text("30 Nov 2026, 00:30:00")
    expect(at).to_have_attribute("title", "2026-11-29 23:30:00 UTC")
    expect(shown.locator("#part")).to_have_text("Done at 30 Nov 2026, 00:30:00")


def test_a_dialog_asks_before_something_is_changed(shown: Page) -> None:
    shown.get_by_role("button", name="Promote").click()
    dialog = shown.get_by_role("dialog", name="Promote version 2?")
    expect(dialog).to_be_visible()
    look(shown, "dialog", keep=False)
    shown.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
