"""Files that pages load."""

import gzip

from app.api.web import assets
from app.main import create_app
from tests.api.documented import APP, NOWHERE
from tests.support.app import client_of
from tests.support.settings import IsolatedSettings
from tests.support.use_case import TRANSIT

NAME = "dashboard.js"


async def test_a_file_is_kept_for_good_at_an_address_of_its_content() -> None:
    async with client_of(APP) as client:
        found = await client.get(assets.address(NAME))
        assert (found.status_code, found.headers["content-encoding"]) == (200, "gzip")
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert found.headers["content-type"].startswith("text/javascript")
        assert found.headers["vary"] == "Accept-Encoding"
        plain = await client.get(assets.address(NAME), headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == found.content == gzip.decompress(assets.known()[NAME].packed)


async def test_what_another_release_has_is_ours_and_asked_for_again() -> None:
    async with client_of(APP) as client:
        other = await client.get(f"/static/{'0' * 16}/{NAME}")
        assert (other.status_code, other.headers["cache-control"]) == (200, "no-cache")


async def test_nothing_else_is_there_and_nothing_else_is_open() -> None:
    wants_keys = create_app(IsolatedSettings(database_url=NOWHERE), TRANSIT)
    version = "0" * 16
    others = (
        *(f"/static/{version}/assets.py", f"/static/{version}/..%2Fassets.py", f"/static/{version}/%2e%2e"),
        *("/static/dashboard.js", "/static/", f"/static/{version}/", f"/static/{version}/dashboard.js/x"),
        *(f"/static/{version}/Dashboard.js", f"/static/%00/{NAME}"),
    )
    async with client_of(wants_keys) as client:
        assert (await client.get(assets.address(NAME))).status_code == 200
        for path in others:
            assert not assets.is_one(path)
            assert (await client.get(path)).status_code == 503, (
                path
            )  # it is starting: keys cannot be asked for
    async with client_of(APP) as client:
        for path in others:
            assert (await client.get(path)).status_code == 404, path


def test_all_that_are_named_are_there() -> None:
    assert set(assets.OF_PACKAGES) < set(assets.known())
    for asset in assets.known().values():
        assert asset.body
        assert asset.media_type in ("text/javascript", "text/css", "image/svg+xml")


def test_redoc_asks_nobody_for_a_picture() -> None:
    assert b"https://cdn" not in assets.known()["redoc.standalone.js"].body


async def test_the_page_that_refuses_a_strange_name_looks_like_one() -> None:
    async with client_of(APP) as client:
        strange = {"Host": "dashboard.example.com", "Accept": "text/html"}
        refused = await client.get("/", headers=strange)
        assert (refused.status_code, refused.headers["content-type"]) == (400, "text/html; charset=utf-8")
        assert "ALLOWED_HOSTS" in refused.text
        assert (await client.get(assets.address("dashboard.css"), headers=strange)).status_code == 200
        assert (await client.get("/models", headers=strange)).status_code == 400
