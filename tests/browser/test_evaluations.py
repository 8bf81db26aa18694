"""Evaluations, as somebody asks for them, looks at them and compares them."""

import json

from playwright.sync_api import Locator, Page, expect

from tests.browser.evaluating import MODEL, ask, both_versions
from tests.browser.walking import look


def caption(page: Page, text: str) -> Locator:
    return page.locator("figcaption > span:first-child", has_text=text)


def test_an_empty_database_says_what_to_type(walk_empty: Page) -> None:
    walk_empty.goto("/dashboard/evaluations")
    expect(walk_empty.get_by_text("Nothing was evaluated yet.")).to_be_visible()
    expect(walk_empty.get_by_text("python -m app evaluate run")).to_be_visible()
    look(walk_empty, "evaluations-empty")
    walk_empty.goto("/dashboard/evaluations/over-time")
    expect(walk_empty.get_by_text("No model is registered yet.")).to_be_visible()


def test_a_run_is_asked_for_watched_and_read(walk: Page) -> None:
    walk.goto("/dashboard/evaluations/new")
    look(walk, "evaluate")
    number = ask(walk, "2")
    expect(walk.get_by_text("7,325 of 7,499 records predicted")).to_be_visible()
    look(walk, "evaluation", dark=True)
    walk.get_by_label("Metric").select_option("r2")
    expect(caption(walk, "r2 (higher is better) by month")).to_be_visible()
    walk.goto("/dashboard/evaluations?state=done")
    expect(walk.get_by_role("link", name=number, exact=True)).to_be_visible()
    look(walk, "evaluations")


def test_the_numbers_of_a_figure_are_in_its_table_and_its_data(walk: Page) -> None:
    both_versions(walk)
    walk.goto(f"/dashboard/evaluations/over-time?model={MODEL}&metric=mae")
    figure = walk.locator("figure").first
    figure.get_by_text("Numbers").click()
    expect(figure.get_by_role("row").nth(1)).to_contain_text("2013-07")
    address = figure.get_by_role("link", name="JSON").get_attribute("href")
    assert address is not None
    rows = json.loads(walk.request.get(address).text())["items"]
    assert {row["metric"] for row in rows} == {"mae"}
    with walk.expect_download() as download:
        figure.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == f"metrics-{MODEL}-mae.csv"


def test_metrics_are_shown_over_time_by_version(walk: Page) -> None:
    both_versions(walk)
    walk.goto(f"/dashboard/evaluations/over-time?model={MODEL}")
    expect(walk.locator("figure").first.locator(".legendtext")).to_have_text(["version 1", "version 2"])
    expect(caption(walk, "mae by carrier")).to_be_visible()
    look(walk, "evaluations-over-time", dark=True)


def test_two_versions_are_compared_in_a_sentence(walk: Page) -> None:
    both_versions(walk)
    walk.goto("/dashboard/evaluations/compare")
    form = walk.locator("form", has_text="Two versions")
    form.get_by_label("Model").fill(MODEL)
    form.get_by_label("Version").fill("1")
    form.get_by_label("against which").fill("2")
    form.get_by_role("button", name="Compare").click()
    expect(walk.get_by_role("heading", name="Version 2 is better on 5 of 5 metrics.")).to_be_visible()
    look(walk, "compare", dark=True)


def test_what_cannot_be_compared_is_said_on_the_page(walk: Page) -> None:
    number, _ = both_versions(walk)
    walk.goto(f"/dashboard/evaluations/compare?model={MODEL}&version_a=2&version_b=2")
    expect(walk.get_by_role("alert")).to_contain_text("must be another version")
    drifted = ask(walk, "2", "Drift of inputs")
    expect(caption(walk, "psi of each feature, against the reference")).to_be_visible()
    look(walk, "drift")
    walk.goto(f"/dashboard/evaluations/compare?a={number}&b={drifted}")
    expect(walk.get_by_role("alert")).to_contain_text("is of the kind drift: it judged no single records")
    look(walk, "compare-fault")
