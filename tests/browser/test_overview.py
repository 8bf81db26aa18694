"""The overview: what was answered, what that saved, and what there is."""

import httpx
from playwright.sync_api import Page, expect

from tests.browser.places import Place
from tests.browser.walking import look


def _predict(place: Place, path: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {place.keys['admin']}"}
    answer = httpx.post(place.url + path, headers=headers, timeout=30)
    assert answer.status_code == status, answer.text


def _tile(page: Page, name: str) -> str:
    tile = page.locator(".tile", has=page.get_by_text(name, exact=True))
    return str(tile.locator(".value").inner_text())


def test_hits_misses_and_errors_are_told_and_what_was_saved(walk: Page, place: Place) -> None:
    headers = {"Authorization": f"Bearer {place.keys['admin']}"}
    listed = httpx.get(f"{place.url}/records?limit=20", headers=headers, timeout=30).json()["items"]
    for record in listed:
        for _ in range(4):
            _predict(place, f"/predict/{record['id']}", 200)
    _predict(place, "/predict/nobody", 404)
    walk.goto("/?window=1h")
    walk.get_by_role("heading", name="Live versions").wait_for()
    assert _tile(walk, "Errors") >= "1"
    assert int(_tile(walk, "Inferences saved").replace(",", "")) >= 60
    expect(walk.get_by_text("had no price").first).to_be_visible()
    expect(walk.get_by_role("img", name="Answers by outcome")).to_be_visible()
    expect(walk.get_by_role("img", name="Errors by cause")).to_be_visible()
    [model] = httpx.get(f"{place.url}/models", headers=headers, timeout=30).json()["items"]
    price = {"per": "row", "amount": "0.002", "currency": "USD"}
    path = f"{place.url}/models/{model['model']}/prices"
    httpx.post(path, json=price, headers=headers, timeout=30).raise_for_status()
    walk.reload()
    assert _tile(walk, "Cost saved").endswith("USD")
    look(walk, "overview", dark=True)


def test_numbers_are_renewed_and_charts_stay(walk: Page, place: Place) -> None:
    walk.goto("/?window=24h")
    drawn = walk.get_by_role("img", name="Answers by outcome")
    drawn.locator(".main-svg").first.wait_for()
    drawn.evaluate("one => { one.dataset.same = 'yes' }")
    before = int(_tile(walk, "Errors"))
    _predict(place, "/predict/nobody-else", 404)
    walk.wait_for_function(
        "least => [...document.querySelectorAll('.tile')].some("
        "one => one.textContent.includes('Errors') && +one.querySelector('.value').textContent >= least)",
        arg=before + 1,
    )
    expect(drawn).to_have_attribute("data-same", "yes")


def test_a_window_is_one_click_away(walk: Page) -> None:
    walk.goto("/")
    windows = walk.get_by_role("navigation", name="Window")
    expect(windows.locator('[aria-current="true"]')).to_have_text("24h")
    windows.get_by_role("link", name="7d").click()
    expect(windows.locator('[aria-current="true"]')).to_have_text("7d")
    assert walk.url.endswith("window=7d")


def test_of_an_empty_database_it_says_what_to_type(walk_empty: Page) -> None:
    expect(walk_empty.get_by_text("models register MODEL VERSION")).to_be_visible()
    expect(walk_empty.get_by_text("app predict RECORD_ID")).to_be_visible()
    look(walk_empty, "overview-empty")
