"""What holds for every page there is: whoever adds one keeps to it."""

import re
from pathlib import Path

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.api.access.scopes import scope_of
from app.dashboard import paths, rendering
from app.dashboard.house import ROUTERS
from app.dashboard.routes import PageRoute
from app.main import create_app
from tests.api.documented import NOWHERE
from tests.support.app import client_of
from tests.support.browsers import OF_A_BROWSER, OF_OUR_PAGE, new_key, signed_in
from tests.support.settings import IsolatedSettings
from tests.support.use_case import TRANSIT

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
TEMPLATES = sorted(rendering.TEMPLATES.rglob("*.html"))
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|(?:src|href)=\"(?:https?:)?//"
)


def test_every_page_asks_for_a_scope_and_is_in_no_document() -> None:
    signing = {paths.SIGN_IN, paths.SIGN_OUT}
    assert {route.path for route in ROUTES if scope_of(route.dependencies) is None} == signing
    for route in ROUTES:
        assert isinstance(route, PageRoute)
        assert not route.include_in_schema
        assert paths.are_ours(route.path)
        if route.methods != {"GET"} and route.path not in signing:
            assert scope_of(route.dependencies) in ("predict", "write", "admin"), route.path


def test_no_template_has_what_the_policy_forbids() -> None:
    assert TEMPLATES
    found = {path.name: INLINE.findall(path.read_text()) for path in TEMPLATES}
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_links_begin_with_the_root_path() -> None:
    plain = re.compile(r"(?:href|action|data-refresh)=\"/")
    assert [path.name for path in TEMPLATES if plain.search(path.read_text())] == []


async def test_a_page_is_kept_nowhere_and_loads_only_what_is_here(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self' 'sha256-")
    assert "unsafe" not in policy
    assert page.headers["referrer-policy"] == "same-origin"  # with none, a form's Origin would be null
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_faults_are_pages_to_who_wants_pages(app: FastAPI, client: httpx.AsyncClient) -> None:
    await signed_in(client, await new_key(app, "admin"))
    gone = await client.get("/dashboard/nowhere<script>")
    assert (gone.status_code, gone.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>Not found</h1>" in gone.text
    assert "Sign out" in gone.text
    assert "<script>" not in gone.text
    unknown = await client.get("/dashboard/models?nonsense=1")
    assert (unknown.status_code, "nonsense" in unknown.text) == (422, True)
    wrong_method = await client.post("/", headers=OF_OUR_PAGE)
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "GET, HEAD")


async def test_without_the_database_a_page_says_so() -> None:
    app = create_app(IsolatedSettings(database_url=NOWHERE, database_pool_timeout=1), TRANSIT)
    async with app.router.lifespan_context(app), client_of(app) as client:
        page = await client.get("/", headers=OF_A_BROWSER)
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "retry-after" in page.headers
        form = await client.get("/dashboard/sign-in", headers=OF_A_BROWSER)
        assert form.status_code == 200
        assert (await signed_in(client, "sfk_some", Accept="text/html")).status_code == 503


async def test_it_can_be_left_out() -> None:
    app = create_app(IsolatedSettings(database_url=NOWHERE, auth="none", dashboard=False), TRANSIT)
    async with client_of(app) as client:
        for path in ("/", "/dashboard/models", "/dashboard/sign-in"):
            assert (await client.get(path, headers=OF_A_BROWSER)).status_code == 404
        assert (await client.get("/docs")).status_code == 200


async def test_it_can_lie_below_a_root_path() -> None:
    app = create_app(IsolatedSettings(database_url=NOWHERE, auth="none", root_path="/scores"), TRANSIT)
    async with client_of(app) as client:
        for path in (
            "/scores/dashboard/models/a/b/c",
            "/dashboard/models/a/b/c",
        ):  # whether the proxy strips it or not
            page = await client.get(path, headers=OF_A_BROWSER)
            assert page.status_code == 404  # as a page, which needs no database
            assert set(re.findall(r'(?:href|src)="(/\w+)', page.text)) == {"/scores"}
            assert '<a href="/scores/dashboard/models" aria-current="page">' in page.text
        assert (await client.get("/scores")).headers["location"] == "/scores/"
        [style] = re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)
        assert (await client.get(style)).status_code == 200


def test_files_that_pages_load_are_short() -> None:
    static = Path(rendering.TEMPLATES).parents[1] / "api" / "web" / "static"
    long = {path.name for path in (*TEMPLATES, *static.iterdir()) if len(path.read_text().splitlines()) > 250}
    assert long == set()
