"""The API's description, with nothing but this machine to load it from."""

from playwright.sync_api import Page, expect

from tests.browser.walking import settle


def test_swagger_lists_the_operations_and_tries_one_out(visit: Page) -> None:
    visit.goto("/docs")
    expect(visit.locator(".opblock")).not_to_have_count(0)
    expect(visit.get_by_text("/predict/{record_id}").first).to_be_visible()
    visit.get_by_role("button", name="GET /health/live Whether").click()
    operation = visit.locator(".opblock").filter(has_text="/health/live")
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answered = operation.locator(".live-responses-table .response")
    expect(answered).to_contain_text("200")
    expect(answered).to_contain_text("ok")


def test_redoc_shows_them_and_searches(visit: Page) -> None:
    visit.goto("/redoc")
    settle(visit)
    expect(visit.get_by_role("heading", level=1).first).to_contain_text("sagemaker-fastapi")
    expect(visit.get_by_text("/predict/{record_id}").first).to_be_attached()
    visit.get_by_role("textbox", name="Search").fill("schedule")
    expect(visit.get_by_role("menuitem").filter(has_text="schedule").first).to_be_visible()
