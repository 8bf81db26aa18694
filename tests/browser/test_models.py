"""Models, as somebody promotes them and rolls them back."""

from playwright.sync_api import Page, expect

from tests.browser.evaluating import MODEL, both_versions
from tests.browser.places import Place
from tests.browser.walking import expect_status, look

HOME = f"/dashboard/models/{MODEL}"


def test_an_empty_database_says_what_to_type(walk_empty: Page) -> None:
    walk_empty.goto("/dashboard/models")
    expect(walk_empty.get_by_text("python -m app models register MODEL VERSION")).to_be_visible()
    look(walk_empty, "models-empty")


def test_a_version_is_promoted_and_rolled_back(walk: Page) -> None:
    """Version 2 is live, and is so again in the end."""
    both_versions(walk)
    walk.goto("/dashboard/models")
    look(walk, "models")
    walk.get_by_role("link", name=MODEL).click()
    walk.get_by_role("link", name="Promote version 1").click()
    expect(walk.get_by_role("heading", name="Version 1 is worse on 5 of 5 metrics.")).to_be_visible()
    look(walk, "promote", dark=True)
    walk.get_by_role("button", name="Promote version 1").click()
    expect(walk.get_by_role("status")).to_have_text("Version 1 is live.")
    walk.get_by_role("link", name="Roll back to 2").click()
    expect(walk.get_by_role("heading", name="Version 2 is better on 5 of 5 metrics.")).to_be_visible()
    look(walk, "rollback")
    walk.get_by_role("button", name="Roll back to version 2").click()
    expect(walk.get_by_role("status")).to_contain_text("version 2 is live again")
    expect(walk.get_by_role("region", name="Who did what").get_by_role("row")).not_to_have_count(0)
    look(walk, "model", dark=True)
    walk.get_by_role("link", name="Everything").click()
    expect(walk.get_by_role("row", name="key created")).not_to_have_count(0)
    look(walk, "audit")


def test_what_was_shown_before_somebody_else_moved_it_is_not_done(walk: Page, place: Place) -> None:
    walk.goto(f"{HOME}/promote?version=1")
    api = {"authorization": f"Bearer {place.keys['admin']}"}
    for asked in ("1", "2"):  # somebody else goes there and back
        moved = walk.request.post(f"/models/{MODEL}/promote", data={"version": asked}, headers=api)
        assert moved.ok
    expect_status(walk, 409)
    walk.get_by_role("button", name="Promote version 1").click()
    expect(walk.get_by_role("alert")).to_contain_text("Nothing was done: version '2'")
    walk.goto(HOME)
    expect(walk.get_by_text("Version 2 is live since")).to_be_visible()


def test_a_probe_that_fails_is_shown_with_the_question(walk: Page, place: Place) -> None:
    api = {"authorization": f"Bearer {place.keys['admin']}"}
    [good, *_] = walk.request.get(f"/models/{MODEL}", headers=api).json()["versions"]
    broken = {"version": "broken", "backend": good["backend"], "features": good["features"][:1]}
    made = walk.request.post(
        f"/models/{MODEL}/versions", data={**broken, "options": good["options"]}, headers=api
    )
    assert made.ok, made.text()
    walk.goto(f"{HOME}/promote?version=broken")
    expect(walk.get_by_text("Not known:")).to_be_visible()
    expect_status(walk, 502)
    walk.get_by_role("button", name="Promote version broken").click()
    expect(walk.get_by_role("alert")).to_contain_text("did not become live: its probe failed.")
    look(walk, "promote-fault")
    gone = walk.request.delete(f"/models/{MODEL}/versions/broken", headers=api)
    assert gone.status == 204
