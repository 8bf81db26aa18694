"""Nothing of another tenant is on a page of records or jobs; what is theirs is as if it were not there."""

from collections.abc import Mapping

from tests.support.tenants import HIDDEN, NOBODYS, OWN, SHARED, Names, Tenants

BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
LISTS = (
    *("/dashboard/records", "/dashboard/records?q=canaryb", "/dashboard/records?q=ours&begins=true"),
    *("/dashboard/jobs", "/dashboard/jobs?show=evaluations", "/dashboard/jobs?show=operations"),
    *(
        "/dashboard/jobs/live",
        "/dashboard/jobs/live?show=evaluations",
        "/dashboard/jobs/live?show=operations",
    ),
)


def looked_at(names: Names) -> list[str]:
    job = f"/dashboard/jobs/{names.job_id}"
    return [f"/dashboard/records/{names.record_id}", job, f"{job}/live", f"{job}/results.csv"]


def sent(names: Names) -> list[tuple[str, Mapping[str, str]]]:
    """Forms, and what is in them."""
    job, record = f"/dashboard/jobs/{names.job_id}", names.record_id
    return [
        (f"/dashboard/predict/{record}", {"choice": SHARED}),
        ("/dashboard/predict/ours-1", {"choice": names.model}),
        ("/dashboard/predict/ours-1", {"choice": f"{SHARED}/{names.version}"}),
        (f"/dashboard/truth/{record}", {"value": "1.0"}),
        (f"/dashboard/truth-removal/{record}", {}),
        (f"/dashboard/record-removal/{record}", {"content_hash": "0" * 64}),
        ("/dashboard/jobs", {"records": "all", "choice": names.model}),
        (f"{job}/cancel", {}),
        (f"{job}/resume", {}),
        (f"/dashboard/jobs/evaluations/{names.evaluation_id}/cancel", {}),
    ]


async def all_pages(tenants: Tenants, key: Mapping[str, str], names: Names) -> str:
    found = [await tenants.client.get(path, headers={**key, **BROWSER}) for path in LISTS]
    found += [await tenants.client.get(path, headers={**key, **BROWSER}) for path in looked_at(names)]
    assert {one.status_code for one in found} == {200}
    return "\n".join(one.text for one in found)


async def test_nothing_of_another_is_seen_or_changed(tenants: Tenants) -> None:
    before = await all_pages(tenants, tenants.theirs, tenants.names)
    for word in (tenants.names.record_id, "8675.5", HIDDEN, f"/jobs/{tenants.names.job_id}"):
        assert word in before  # else the rest would hold nothing
    ours = await all_pages(tenants, tenants.ours, OWN)
    for word in ("ours-1", "ours-carrier", "15.0"):
        assert word in ours
    assert told_of_theirs(tenants, ours, "q=canaryb") == []
    await try_to_see(tenants)
    await try_to_change(tenants)
    after = await all_pages(tenants, tenants.theirs, tenants.names)
    assert without_keys(after) == without_keys(before)


async def try_to_see(tenants: Tenants) -> None:
    headers = {**tenants.ours, **BROWSER}
    for path, other in zip(looked_at(tenants.names), looked_at(NOBODYS), strict=True):
        theirs, nobodys = [await tenants.client.get(one, headers=headers) for one in (path, other)]
        assert (theirs.status_code, nobodys.status_code) == (404, 404), path
        assert told_of_theirs(tenants, theirs.text, path) == [], path


async def try_to_change(tenants: Tenants) -> None:
    headers = {**tenants.ours, **BROWSER}
    for (path, form), (other, its_form) in zip(sent(tenants.names), sent(NOBODYS), strict=True):
        theirs = await tenants.client.post(path, data=dict(form), headers=headers)
        nobodys = await tenants.client.post(other, data=dict(its_form), headers=headers)
        assert (theirs.status_code, nobodys.status_code) == (404, 404), path
        assert told_of_theirs(tenants, theirs.text, f"{path} {form}") == [], path


def told_of_theirs(tenants: Tenants, text: str, asked: str) -> list[str]:
    return [one for one in tenants.canaries if one in text and one not in asked]


def without_keys(html: str) -> list[str]:
    """Each form has a key of its own each time that it is shown."""
    return [line for line in html.splitlines() if 'name="once"' not in line]
