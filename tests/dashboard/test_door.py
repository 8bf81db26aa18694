"""What stands before every page, whatever is asked of it."""

from collections.abc import AsyncIterator, Sequence

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Scope

from app.dashboard import paths
from app.dashboard.door import _is_from_our_page
from tests.support.app import client_of
from tests.support.browsers import OF_A_BROWSER, headers_of, new_key, signed_in


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in with a key that may do anything."""
    async with client_of(app) as client:
        client.headers.update(OF_A_BROWSER)
        await signed_in(client, await new_key(app, "admin"))
        yield client


async def test_head_is_answered_as_get_is(client: httpx.AsyncClient) -> None:
    for path in (
        "/",
        "/dashboard/nowhere",
        "/dashboard/models?nonsense=1",
        "/dashboard/jobs/1",
        "/dashboard",
    ):
        shown, head = await client.get(path), await client.head(path)
        assert head.status_code == shown.status_code, path
        assert head.headers.get("content-type") == shown.headers.get("content-type")
        assert head.content == b""
    client.cookies.clear()
    assert (await client.head("/dashboard/models")).headers["location"].startswith(paths.SIGN_IN)


async def test_what_is_answered_to_a_cookie_is_kept_nowhere(client: httpx.AsyncClient) -> None:
    for path in ("/dashboard/jobs/1", "/dashboard/nowhere", "/dashboard/jobs/1/results.csv", "/"):
        for accept in ("text/html", "application/json"):
            answer = await client.get(path, headers={"accept": accept})
            assert answer.headers.get_list("cache-control") == ["no-store"], path


NOBODY: Sequence[tuple[bytes, bytes]] = ()


@pytest.mark.parametrize(
    "said",
    [NOBODY, [(b"host", b"")], [(b"host", b""), (b"origin", b"null")], [(b"host", b""), (b"origin", b"")]],
)
def test_no_host_and_no_origin_are_no_evidence(said: Sequence[tuple[bytes, bytes]]) -> None:
    scope: Scope = {"type": "http", "headers": said}
    assert not _is_from_our_page(scope)


@pytest.mark.parametrize("step", ["..", ".", "%2e%2e", "%2E.", ".%2e"])
def test_nobody_is_led_upwards(step: str) -> None:
    for path in (
        f"/dashboard/{step}/records",
        f"/dashboard/{step}/{step}/elsewhere",
        f"/dashboard/jobs/{step}",
    ):
        assert paths.own(path) == "/", path
    within = f"/dashboard/records/a{step}b?q=/{step}/"
    assert paths.own(within) == within


async def test_who_may_not_read_is_offered_no_names(app: FastAPI, client: httpx.AsyncClient) -> None:
    """The form for an evaluation lists the models that there are, also where it comes back with a fault."""
    blind = await headers_of(app, "blind", "predict")
    client.cookies.clear()
    shown = await client.get("/dashboard/evaluations/new", headers=blind)
    form = {**blind, "content-type": "application/x-www-form-urlencoded"}
    sent = await client.post("/dashboard/evaluations", content=b"kind=none", headers=form)
    for answer in (shown, sent):
        assert (answer.status_code, "needs a key with the scope read" in answer.text) == (403, True)
