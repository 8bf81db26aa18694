"""Jobs, as somebody watches them: started, seen to go on by themselves, cancelled, resumed."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from examples.transit.train import EXAMPLE_ID
from tests.browser.away import working
from tests.browser.places import Place
from tests.browser.walking import expect_status, look, sign_in

LONGEST = 60_000
"""Milliseconds that a job may take; the sample's takes five seconds."""


def start(walk: Page, records: str, **fields: str) -> None:
    walk.goto("/dashboard/jobs")
    walk.get_by_label(records).check()
    for label, text in fields.items():
        walk.get_by_label(re.compile(label)).fill(text)
    walk.get_by_role("button", name="Start the job").click()
    expect(walk.get_by_role("heading", level=1)).to_have_text(re.compile(r"^Job \d+$"))


def test_a_job_is_watched_to_its_end(walk: Page) -> None:
    start(walk, "Every record")
    live = walk.locator("#job")
    expect(live).to_have_attribute("data-refresh", re.compile(r"/live$"))
    walk.evaluate("() => { window.was_here = true; }")
    expect(live.get_by_text("done", exact=True)).to_be_visible(timeout=LONGEST)
    assert walk.evaluate("() => window.was_here"), "the page was loaded anew"
    expect(live).not_to_have_attribute("data-refresh", re.compile(""))
    look(walk, "job-done", keep=False)
    with walk.expect_download() as download:
        walk.get_by_role("link", name="Results as CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    walk.get_by_role("link", name="Jobs", exact=True).last.click()
    expect(walk.get_by_role("region", name="Prediction jobs")).to_be_visible()
    look(walk, "jobs", dark=True)


def test_what_failed_is_told_by_record(walk: Page) -> None:
    start(walk, "Those with these ids", Ids=f"{EXAMPLE_ID}\nnobody's/1\n<b>2</b>")
    failed = walk.get_by_role("region", name="The first that failed")
    expect(failed.get_by_role("link", name="<b>2</b>")).to_be_visible(timeout=LONGEST)
    expect(walk.get_by_text("2 of 3 records (67%) failed")).to_be_visible()
    look(walk, "job")


def test_a_filter_that_does_not_fit_is_told_beside_the_form(walk: Page) -> None:
    walk.goto("/dashboard/jobs")
    walk.get_by_label("Those that fit a filter").check()
    walk.get_by_label(re.compile("^Fields")).fill("carier=UA")
    expect_status(walk, 422)
    walk.get_by_role("button", name="Start the job").click()
    expect(walk.get_by_role("alert")).to_contain_text("there is no 'carier'")
    expect(walk.get_by_label(re.compile("^Fields"))).to_have_value("carier=UA")


def test_without_a_worker_that_is_said_and_a_job_can_be_cancelled_and_resumed(
    walk_away: Page, away_place: Place, tmp_path: Path
) -> None:
    start(walk_away, "Those with these ids", Ids="nobody's")
    stuck = walk_away.get_by_text("No worker is alive")
    expect(stuck).to_be_visible()
    look(walk_away, "job-without-a-worker")
    walk_away.get_by_role("button", name="Cancel").click()
    expect(walk_away.get_by_text("The job is cancelled.")).to_be_visible()
    expect(stuck).to_have_count(0)
    walk_away.get_by_role("button", name="Resume").click()
    expect(walk_away.get_by_text("The job goes on")).to_be_visible()
    expect(stuck).to_be_visible()
    with working(away_place, tmp_path / "worker.log"):
        expect(walk_away.locator("#job").get_by_text("done", exact=True)).to_be_visible(timeout=LONGEST)
    expect(stuck).to_have_count(0)


def test_evaluations_and_operations_have_their_tabs(walk: Page) -> None:
    walk.goto("/dashboard/jobs")
    for tab in ("Evaluations", "Operations", "Prediction jobs"):
        tabs = walk.get_by_role("navigation", name="Kinds of work")
        tabs.get_by_role("link", name=tab).click()
        expect(tabs.locator("[aria-current]")).to_have_text(tab)
        look(walk, f"jobs-{tab.split()[0].lower()}", keep=False)


def test_without_any_it_says_what_to_type(walk_empty: Page) -> None:
    walk_empty.goto("/dashboard/jobs")
    expect(walk_empty.get_by_text("python -m app jobs start --all")).to_be_visible()
    look(walk_empty, "jobs-empty", keep=False)


def test_who_may_only_read_sees_no_buttons(visit: Page, place: Place) -> None:
    sign_in(visit, place.make_key("reader", "read"))
    visit.goto("/dashboard/jobs")
    expect(visit.get_by_role("heading", level=1)).to_have_text("Jobs")
    expect(visit.get_by_role("button", name=re.compile("Start|Cancel|Resume"))).to_have_count(0)
