"""Records, as somebody looks at them: searched, predicted, judged."""

import re

import httpx
from playwright.sync_api import Page, expect

from examples.transit.train import EXAMPLE_ID
from tests.browser.places import Place
from tests.browser.walking import expect_status, look, sign_in

PREFIX = EXAMPLE_ID[:4]
STAGES = ("lookup", "claim", "preprocess", "inference", "postprocess", "store")


def open_record(walk: Page, record_id: str = EXAMPLE_ID) -> None:
    walk.goto("/dashboard/records")
    walk.get_by_role("searchbox").fill(record_id)
    walk.get_by_role("button", name="Search").click()
    expect(walk.get_by_role("heading", level=1)).to_have_text(record_id)


def predict(walk: Page, choice: str = "", *, anew: bool = False) -> None:
    walk.get_by_label("Model and version").select_option(choice)
    walk.get_by_label("Infer anew").set_checked(anew)
    walk.get_by_role("button", name="Predict").click()


def test_they_are_found_by_how_they_begin_and_page_by_page(walk: Page) -> None:
    walk.goto("/dashboard/records")
    walk.get_by_role("searchbox").fill(PREFIX)
    walk.keyboard.press("Enter")
    table = walk.get_by_role("region", name="Records")
    expect(table.get_by_role("link", name=EXAMPLE_ID)).to_be_visible()
    look(walk, "records")
    walk.goto("/dashboard/records")
    first = table.get_by_role("link").first.inner_text()
    walk.get_by_role("link", name="Next page").click()
    expect(table.get_by_role("link").first).not_to_have_text(first)
    walk.get_by_role("searchbox").fill("nobody's")
    walk.keyboard.press("Enter")
    expect(walk.get_by_text("There is no record whose id is “nobody's”")).to_be_visible()
    look(walk, "records-none", keep=False)


def test_without_any_it_says_what_to_type(walk_empty: Page) -> None:
    walk_empty.goto("/dashboard/records")
    expect(walk_empty.get_by_text("There are no records yet.")).to_be_visible()
    look(walk_empty, "records-empty", keep=False)


def test_a_click_infers_once_and_shows_each_stage(walk: Page) -> None:
    open_record(walk)
    predict(walk, anew=True)
    result = walk.locator(".result")
    expect(result.get_by_text("MISS", exact=True)).to_be_visible()
    stages = walk.locator("figure", has_text="Stages of this prediction")
    for stage in STAGES:
        expect(stages.get_by_text(stage, exact=True).first).to_be_attached()
    look(walk, "record", dark=True)
    predict(walk)
    expect(result.get_by_text("HIT", exact=True)).to_be_visible()
    expect(result).to_contain_text("nothing was inferred")


def test_the_versions_stand_beside_the_truth(walk: Page) -> None:
    open_record(walk)
    for version in ("transit-time/1", "transit-time/2"):
        predict(walk, version, anew=True)
    walk.get_by_label(re.compile("truth$")).fill("150.5")
    walk.get_by_role("button", name="Set the truth").click()
    expect(walk.get_by_text("The truth is set.")).to_be_visible()
    history = walk.get_by_role("region", name="Each prediction")
    expect(history.get_by_text(re.compile(r"^[+-]\d")).first).to_be_visible()
    history.locator("summary").first.click()
    expect(history.get_by_text("Pipeline version").first).to_be_visible()
    look(walk, "record-history", keep=False)


def test_the_truth_is_forgotten_after_a_question(walk: Page) -> None:
    open_record(walk)
    walk.get_by_label(re.compile("truth$")).fill("150.5")
    walk.get_by_role("button", name="Set the truth").click()
    walk.get_by_role("button", name="Forget the truth").click()
    dialog = walk.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    walk.get_by_role("button", name="Forget the truth").click()
    dialog.get_by_role("button", name="Forget the truth").click()
    expect(walk.get_by_text("The truth is forgotten.")).to_be_visible()


def test_a_fault_is_shown_as_what_it_is(walk_away: Page) -> None:
    open_record(walk_away, "r1")
    expect_status(walk_away, 502, 503)
    predict(walk_away, "transit")
    told = walk_away.get_by_role("alert")
    expect(told).to_contain_text("backend-")
    expect(told).to_contain_text(re.compile("Request [0-9a-f]{32}"))
    look(walk_away, "record-fault")


def test_an_odd_id_is_an_id_as_any(walk: Page, place: Place) -> None:
    odd = "<b>kg/s</b> 🚚 " + "x" * 180
    with httpx.Client(base_url=place.url, headers={"Authorization": f"Bearer {place.keys['admin']}"}) as api:
        given = api.get(f"/records/{EXAMPLE_ID}").json()["input"]
        assert api.post("/records", json={"id": odd, "input": given}).is_success
    open_record(walk, odd)
    predict(walk)
    expect(walk.locator(".result")).to_be_visible()
    look(walk, "record-odd", keep=False)
    walk.get_by_role("button", name="Delete the record").click()
    walk.get_by_role("dialog").get_by_role("button", name="Delete the record").click()
    expect(walk.get_by_text("The record was deleted.")).to_be_visible()


def test_who_may_only_read_sees_no_buttons(visit: Page, place: Place) -> None:
    sign_in(visit, place.make_key("reader", "read"))
    open_record(visit)
    expect(visit.get_by_role("button", name=re.compile("Predict|truth|Delete"))).to_have_count(0)
    expect(visit.get_by_text("To predict takes a key")).to_be_visible()
