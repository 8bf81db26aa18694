"""Evaluations on the sample, asked for as a person would."""

import re

from playwright.sync_api import Page, expect

MODEL = "transit-time"
WINDOW = {"Since": "2013-07-01", "Until": "2014-01-01"}
REFERENCE = {"Reference since": "2013-01-01", "Reference until": "2013-07-01"}
LONGEST = 60_000
"""Milliseconds that a run of the sample may take on a machine that does much else."""


def ask(page: Page, version: str, kind: str = "") -> str:
    """Evaluate a version by the form and wait, on its page, until it is done; the run's number."""
    page.goto("/dashboard/evaluations/new")
    if kind:
        page.get_by_role("link", name=kind).click()
    fields = WINDOW | (REFERENCE if kind else {})
    for name, value in {"Model": MODEL, "Version": version, **fields}.items():
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_role("button", name="Evaluate").click()
    page.wait_for_url(re.compile(r"/dashboard/evaluations/\d+$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("done", timeout=LONGEST)
    return str(page.url).rpartition("/")[2]


def both_versions(page: Page) -> tuple[str, str]:
    """The newest runs of the versions 1 and 2 on the window; those that there are, or new ones."""
    found = []
    for version in ("1", "2"):
        page.goto(f"/dashboard/evaluations?model={MODEL}&version={version}&state=done&kind=quality")
        links = page.locator("tbody th a")
        found.append(links.first.inner_text() if links.count() else ask(page, version))
    return found[0], found[1]
