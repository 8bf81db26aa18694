"""What all pages have in common."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.walking import look

SECTIONS = ("Overview", "Models", "Evaluations", "Records", "Jobs")


@pytest.mark.parametrize("name", SECTIONS)
def test_each_section_is_one_click_away(walk: Page, name: str) -> None:
    walk.get_by_role("navigation", name="Sections").get_by_role("link", name=name).click()
    expect(walk.get_by_role("heading", level=1)).to_have_text(name)
    expect(walk.locator('nav [aria-current="page"]')).to_have_text(name)
    look(walk, f"house-{name.lower()}")
