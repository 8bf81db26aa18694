"""What all pages have in common."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.walking import assert_fits, expect_status, look, settle

SECTIONS = ("Overview", "Models", "Evaluations", "Records", "Jobs")
WIDTHS = (320, 360, 768, 1024, 1920)


def test_each_section_is_one_click_away(walk: Page) -> None:
    for name in SECTIONS:
        walk.get_by_role("navigation", name="Sections").get_by_role("link", name=name).click()
        expect(walk.get_by_role("heading", level=1)).to_have_text(name)
        here = walk.get_by_role("navigation", name="Sections").locator('[aria-current="page"]')
        expect(here).to_have_text(name)
        settle(walk)
    walk.get_by_role("link", name="API docs").click()
    expect(walk.locator(".opblock").first).to_be_visible()


@pytest.mark.parametrize("name", SECTIONS)
def test_each_section_says_what_to_type_where_there_is_nothing(walk_empty: Page, name: str) -> None:
    walk_empty.get_by_role("navigation", name="Sections").get_by_role("link", name=name).click()
    expect(walk_empty.get_by_role("heading", level=1)).to_have_text(name)
    look(walk_empty, f"empty-{name.lower()}", keep=False)


@pytest.mark.parametrize("width", WIDTHS)
def test_each_section_fits_each_screen(walk: Page, width: int) -> None:
    walk.set_viewport_size({"width": width, "height": 700})
    for path in ("/", "/dashboard/models", "/dashboard/evaluations", "/dashboard/records", "/dashboard/jobs"):
        walk.goto(path)
        settle(walk)
        assert_fits(walk)


def test_the_keyboard_leads_everywhere(walk: Page) -> None:
    walk.goto("/")
    walk.keyboard.press("Tab")
    skip = walk.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    walk.keyboard.press("Enter")
    expect(walk.locator("main")).to_be_focused()
    walk.reload()
    for _ in range(4):  # past the link that skips, the name and the overview
        walk.keyboard.press("Tab")
    expect(walk.get_by_role("link", name="Models")).to_be_focused()
    outline = walk.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    walk.keyboard.press("Enter")
    expect(walk.get_by_role("heading", level=1)).to_have_text("Models")


def test_what_is_not_there_is_said_on_a_page(walk: Page) -> None:
    expect_status(walk, 404)
    walk.goto("/dashboard/nowhere")
    expect(walk.get_by_role("heading", level=1)).to_have_text("Not found")
    look(walk, "not-found", keep=False)
    walk.get_by_role("link", name="To the overview").click()
    expect(walk.get_by_role("heading", level=1)).to_have_text("Overview")
