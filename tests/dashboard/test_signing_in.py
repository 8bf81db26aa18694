"""A key in a cookie: for pages alone, from our own pages alone, and nowhere to be read."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Scope
from structlog.typing import EventDict

from app.dashboard import paths, session
from app.services.access import keys
from app.services.runtime import Runtime
from tests.support.app import client_of
from tests.support.browsers import OF_A_BROWSER, OF_OUR_PAGE, new_key, signed_in

COOKIE = session.NAME


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Which says nothing of where its requests come from unless the test does."""
    async with client_of(app) as client:
        client.headers.update(OF_A_BROWSER)
        yield client


async def test_who_has_no_key_signs_in_and_is_led_back(app: FastAPI, client: httpx.AsyncClient) -> None:
    key = await new_key(app, "read")
    sent = await client.get("/dashboard/records?q=a%2Fb")
    assert (sent.status_code, sent.headers["cache-control"]) == (303, "no-store")
    assert sent.headers["location"] == "/dashboard/sign-in?next=/dashboard/records%3Fq%3Da%252Fb"
    form = await client.get(sent.headers["location"])
    assert 'value="/dashboard/records?q=a%2Fb"' in form.text
    done = await signed_in(client, key, "/dashboard/jobs")
    assert (done.status_code, done.headers["location"]) == (303, "/dashboard/jobs")
    assert done.headers["set-cookie"] == f"{COOKIE}={key}; Path=/; HttpOnly; SameSite=Strict"
    shown = await client.get("/dashboard/jobs")
    assert shown.status_code == 200
    assert "somebody" in shown.text
    assert key not in shown.text + done.text
    out = await client.post("/dashboard/sign-out", headers=OF_OUR_PAGE)
    assert (out.status_code, out.headers["location"]) == (303, "/dashboard/sign-in")
    assert (await client.get("/")).status_code == 303


async def test_a_cookie_is_no_key_for_the_api(app: FastAPI, client: httpx.AsyncClient) -> None:
    await signed_in(client, await new_key(app, "admin"))
    assert (await client.get("/")).status_code == 200
    ways = ("/models", "/records", "/audit", "/dashboards/x", "/Dashboard/x", "//dashboard/../models")
    for path in ways:
        answer = await client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["content-type"] == "application/problem+json"
    for path in ("/dashboard/..%2Fmodels", "/dashboard%2F..%2Fmodels", "/dashboard/%2e%2e/models"):
        inside = await client.get(path)
        assert inside.status_code == 404, path  # no other name for what is there
    assert (await client.get("/dashboard")).headers["location"] == "/"
    assert (await client.post("/predict/x", headers=OF_OUR_PAGE)).status_code == 401


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://test.evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://test"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Referer": "http://test/dashboard/jobs"},
    ],
)
async def test_a_form_from_elsewhere_is_refused(
    app: FastAPI, client: httpx.AsyncClient, said: dict[str, str]
) -> None:
    await signed_in(client, await new_key(app, "admin"))
    for path in ("/dashboard/sign-out", "/dashboard/sign-in", "/"):
        refused = await client.post(path, headers={**OF_A_BROWSER, **said})
        assert refused.status_code == 403, path
        assert "<strong>Origin</strong>" in refused.text
    assert (await client.get("/")).status_code == 200


@pytest.mark.parametrize("said", [{"Origin": "http://test"}, {"Sec-Fetch-Site": "same-origin"}])
async def test_either_evidence_will_do(app: FastAPI, client: httpx.AsyncClient, said: dict[str, str]) -> None:
    await signed_in(client, await new_key(app, "admin"))
    assert (await client.post("/dashboard/sign-out", headers={**OF_A_BROWSER, **said})).status_code == 303


async def test_a_wrong_key_is_said_to_be_wrong_and_is_told_nowhere(
    app: FastAPI, client: httpx.AsyncClient, logs: list[EventDict]
) -> None:
    await new_key(app, "read")
    for wrong in ("sfk_canary", "canary\r\nSet-Cookie: a=b", "canary" * 1000, "", "cänary", "can;ary"):
        answer = await signed_in(client, wrong)
        assert answer.status_code == 401
        assert 'role="alert"' in answer.text
        assert "set-cookie" not in answer.headers
        assert "ary" not in re.sub("library|primary|sum+ary", "", answer.text)
    assert "canary" not in repr(logs)


async def test_a_key_that_is_revoked_ends_the_session(app: FastAPI, client: httpx.AsyncClient) -> None:
    runtime: Runtime = app.state.runtime
    await signed_in(client, await new_key(app, "admin"))
    await keys.revoke(runtime.sessions, "somebody")
    runtime.keyring._known.clear()  # as time would have it in four seconds
    sent = await client.get("/dashboard/models")
    assert sent.headers["location"] == "/dashboard/sign-in?next=/dashboard/models&ended=true"
    assert sent.headers["set-cookie"] == f"{COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"
    assert "expired, or was revoked" in (await client.get(sent.headers["location"])).text


async def test_a_key_that_may_not_is_told_so_on_a_page(app: FastAPI, client: httpx.AsyncClient) -> None:
    await signed_in(client, await new_key(app, "predict"))
    answer = await client.get("/dashboard/models")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert "This needs a key with the scope read" in answer.text
    as_data = await client.get("/dashboard/models", headers={"Accept": "application/json"})
    assert as_data.headers["content-type"] == "application/problem+json"


async def test_where_there_are_no_keys_this_machine_needs_none(client: httpx.AsyncClient) -> None:
    assert (await client.get("/")).status_code == 200
    behind_a_proxy = await client.get("/", headers={"X-Forwarded-For": "10.0.0.1"})
    assert behind_a_proxy.status_code == 303


async def test_over_https_the_cookie_is_for_https_alone(app: FastAPI, client: httpx.AsyncClient) -> None:
    key = await new_key(app, "read")
    secure = {"X-Forwarded-Proto": "https"}
    done = await signed_in(client, key, **secure)
    name = f"__Host-{COOKIE}"
    assert done.headers["set-cookie"] == f"{name}={key}; Path=/; Secure; HttpOnly; SameSite=Strict"
    client.cookies.clear()
    over = {**secure, "Cookie": f"{name}={key}"}
    assert (await client.get("/", headers=over)).status_code == 200
    written_by_others = {**secure, "Cookie": f"{COOKIE}={key}"}
    assert (await client.get("/", headers=written_by_others)).status_code == 303
    two = {**secure, "Cookie": f"{name}={key}; {name}=sfk_other"}
    assert (await client.get("/", headers=two)).status_code == 303


def test_below_a_root_path_it_goes_nowhere_else() -> None:
    scope: Scope = {"root_path": "/scores", "scheme": "https", "headers": []}
    assert session.cookie_of(scope).keeping("k") == (
        f"__Secure-{COOKIE}=k; Path=/scores/; Secure; HttpOnly; SameSite=Strict"
    )


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("//evil.example", "/\\evil.example", "\\/evil", "https://evil.example", "javascript:alert(1)", ""),
        *(
            "/%2fevil.example",
            "/records",
            "dashboard/jobs",
            "/dashboard",
            "/dashboard/x\n",
            "/\t/evil.example",
        ),
        *(
            "/dashboard/\\evil",
            "/dashboard/sign-in?next=/",
            "/dashboard/sign-out",
            "/?" + "a" * 3000,
            "/a//b",
        ),
    ],
)
def test_one_is_led_to_our_own_pages_only(elsewhere: str) -> None:
    assert paths.own(elsewhere) == "/"


@pytest.mark.parametrize(
    "ours", ["/", "/?since=7d", "/dashboard/records/a%2Fb?x=1&y=%20", "/dashboard/models/m"]
)
def test_one_is_led_back(ours: str) -> None:
    assert paths.own(ours) == ours


async def test_who_comes_by_a_link_from_elsewhere_is_looked_at_once_more(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    key = await new_key(app, "read")
    came = {"Sec-Fetch-Site": "cross-site"}
    sent = await client.get("/dashboard/jobs", headers=came)
    between = await client.get(sent.headers["location"], headers=came)
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', between.text)
    assert found is not None
    again = found[1].replace("&amp;", "&")
    assert "API key" in (await client.get(again)).text  # with no cookie after all
    await signed_in(client, key)
    assert (await client.get(again)).headers["location"] == "/dashboard/jobs"
