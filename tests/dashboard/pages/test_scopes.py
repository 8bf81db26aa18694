"""Who may not change something sees no form for it, and is refused if it is sent all the same."""

from collections.abc import Mapping

import httpx
import pytest
from fastapi import FastAPI

from app.schemas.access.callers import KeyScope
from app.services.access import keys
from app.services.access.keys import NewKey
from tests.support.aws_stub import AwsStub
from tests.support.html import page_of
from tests.support.orders import answer_ten_times, register, store

FORMS: Mapping[str, tuple[KeyScope, Mapping[str, str]]] = {
    "/dashboard/predict/a": ("predict", {"choice": "transit"}),
    "/dashboard/truth/a": ("write", {"value": "1.0"}),
    "/dashboard/truth-removal/a": ("write", {}),
    "/dashboard/record-removal/a": ("write", {"content_hash": "0" * 64}),
    "/dashboard/jobs": ("predict", {"records": "all", "choice": "transit"}),
    "/dashboard/jobs/1/cancel": ("predict", {}),
    "/dashboard/jobs/1/resume": ("predict", {}),
    "/dashboard/evaluations/1/cancel": ("predict", {}),
}
PAGES = ("/dashboard/records", "/dashboard/records/a", "/dashboard/jobs", "/dashboard/jobs/1")
OTHERS: Mapping[KeyScope, KeyScope] = {"predict": "write", "write": "predict"}


@pytest.fixture(autouse=True)
async def _stored(aws: AwsStub, client: httpx.AsyncClient) -> None:
    """A model, a record with a truth, and a job and an evaluation that wait."""
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {"a": 1.5})
    assert (await client.put("/records/a/label", json={"value": 12.5})).is_success
    for path, body in (("/prediction-jobs", {"all": True}), ("/evaluations", {})):
        assert (await client.post(path, json=body | {"model": "transit"})).is_success


async def key(app: FastAPI, name: str, *scopes: KeyScope) -> dict[str, str]:
    return {"Authorization": f"Bearer {await keys.make(app.state.runtime.sessions, NewKey(name, scopes))}"}


async def test_who_reads_sees_all_pages_and_no_form(app: FastAPI, client: httpx.AsyncClient) -> None:
    reader = await key(app, "reader", "read")
    for path in (*PAGES, "/dashboard/jobs?show=evaluations"):
        shown = page_of(await client.get(path, headers=reader))
        assert [one for one in shown.all("form", "action") if "sign-out" not in one] in (
            [],
            ["/dashboard/records"],  # to search
        ), path


async def test_who_may_do_all_has_a_form_for_each(app: FastAPI, client: httpx.AsyncClient) -> None:
    admin = await key(app, "admin", "admin")
    shown = [await client.get(path, headers=admin) for path in (*PAGES, "/dashboard/jobs?show=evaluations")]
    actions = {action for one in shown for action in page_of(one).all("form", "action")}
    assert FORMS.keys() - actions == {"/dashboard/jobs/1/resume"}  # while it may be cancelled


async def test_each_form_takes_its_scope(app: FastAPI, client: httpx.AsyncClient) -> None:
    others = {scope: await key(app, f"not-{scope}", "read", other) for scope, other in OTHERS.items()}
    for path, (scope, form) in FORMS.items():
        refused = page_of(await client.post(path, data=dict(form), headers=others[scope]), 403)
        assert f"This needs a key with the scope {scope}" in refused.text, path


async def test_who_may_not_read_sees_nothing(app: FastAPI, client: httpx.AsyncClient) -> None:
    """Not what a form would show, either."""
    blind = await key(app, "blind", "predict", "write")
    for path in PAGES:
        page_of(await client.get(path, headers=blind), 403)
    for path in ("/dashboard/predict/a", "/dashboard/truth/a"):
        answer = await client.post(path, data=dict(FORMS[path][1]), headers=blind)
        assert "recent_transit_ratio" not in page_of(answer, 403).text


async def test_no_form_is_taken_from_elsewhere(client: httpx.AsyncClient) -> None:
    for path, (_, form) in FORMS.items():
        page_of(await client.post(path, data=dict(form), headers={"Sec-Fetch-Site": "cross-site"}), 403)
