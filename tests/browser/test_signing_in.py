"""Signing in and out as people do it, and what pages of others cannot do."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.elsewhere import page_elsewhere
from tests.browser.places import Place
from tests.browser.walking import expect_status, look, sign_in

KNOWN = 4.5
"""Seconds after which a process asks anew for a key that was good."""


def test_a_wrong_key_then_a_right_one(visit: Page, place: Place) -> None:
    expect_status(visit, 401)
    visit.goto("/dashboard/models")
    expect(visit.get_by_role("heading", level=1)).to_have_text("Sign in")
    look(visit, "sign-in", dark=True)
    field = visit.get_by_label("API key")
    expect(field).to_be_focused()
    field.fill("sfk_wrong")
    visit.keyboard.press("Enter")
    expect(visit.get_by_role("alert")).to_contain_text("The key is not valid")
    assert "sfk_wrong" not in visit.content() + visit.url
    visit.get_by_label("API key").fill(place.keys["admin"])
    visit.get_by_role("button", name="Sign in").click()
    expect(visit.get_by_role("heading", level=1)).to_have_text("Models")
    [cookie] = visit.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Strict", -1)
    assert visit.evaluate("() => document.cookie") == ""
    assert place.keys["admin"] not in visit.content()


def test_signing_out(walk: Page) -> None:
    walk.get_by_role("button", name="Sign out").click()
    expect(walk.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert walk.context.cookies() == []
    walk.go_back()
    expect(walk.get_by_role("heading", level=1)).to_have_text("Sign in")  # nothing was kept


def test_keys_that_end_while_one_looks(visit: Page, place: Place) -> None:
    for name, end in (("leaver", place.revoke), ("guest", place.expire)):
        sign_in(visit, place.make_key(name, "read"))
        expect(visit.locator(".who")).to_have_text(name)
        end(name)
        time.sleep(KNOWN)
        visit.goto("/dashboard/jobs")
        expect(visit.get_by_role("alert")).to_contain_text("expired, or was revoked")
        assert visit.context.cookies() == []


def test_a_key_that_may_read_only_what_it_may(visit: Page, place: Place) -> None:
    expect_status(visit, 403)
    sign_in(visit, place.make_key("caller", "predict"))
    visit.goto("/dashboard/models")
    expect(visit.get_by_role("heading", level=1)).to_have_text("Not allowed")
    look(visit, "not-allowed", keep=False)
    visit.get_by_role("link", name="Sign in").click()
    expect(visit.get_by_label("API key")).to_be_visible()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_form_of_a_page_elsewhere_does_nothing(walk: Page, demo: str, host: str) -> None:
    """From another port, which is the same site to a browser, the cookie comes with it."""
    expect_status(walk, 403)
    with page_elsewhere(demo) as port:
        walk.goto(f"http://{host}:{port}/")
        walk.get_by_role("button", name="Win a prize").click()
        expect(walk.get_by_role("heading", level=1)).to_have_text("Not allowed")
    walk.goto("/dashboard/jobs")
    expect(walk.get_by_role("heading", level=1)).to_have_text("Jobs")


def test_a_link_on_a_page_elsewhere_leads_in(walk: Page, demo: str) -> None:
    """Though the browser sends no cookie at first (SameSite=Strict)."""
    with page_elsewhere(demo) as port:
        walk.goto(f"http://localhost:{port}/")
        walk.get_by_role("link", name="Look at this").click()
        expect(walk.get_by_role("heading", level=1)).to_have_text("Models")
        walk.context.clear_cookies()
        walk.goto(f"http://localhost:{port}/")
        walk.get_by_role("link", name="Look at this").click()
        expect(walk.get_by_label("API key")).to_be_visible()
