"""The pages of the description, and what every answer tells a browser."""

import re

from pydantic import SecretStr

from app.main import create_app
from tests.api.documented import APP
from tests.support.app import client_of
from tests.support.settings import IsolatedSettings
from tests.support.use_case import TRANSIT


async def test_no_answer_can_be_taken_for_a_page_or_framed_by_one() -> None:
    async with client_of(APP) as client:
        for path in ("/health/live", "/nowhere", "/records/a%FF", "/openapi.json"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-resource-policy"] == "same-origin"


async def test_a_page_loads_files_of_this_service_and_runs_nothing_that_stands_in_it() -> None:
    async with client_of(APP) as client:
        for path in ("/docs", "/redoc"):
            page = await client.get(path)
            policy = page.headers["content-security-policy"]
            directives = dict(one.split(" ", 1) for one in policy.split("; "))
            assert directives["script-src"] == "'self'"
            assert "//" not in policy
            assert re.findall(r"<script>|<script(?![^>]* src=)", page.text) == []
            loaded = re.findall(r"<(?:script|link)[^>]+(?:src|href)=\"([^\"]+)", page.text)
            assert len(loaded) > 2
            for address in loaded:
                assert (await client.get(address)).status_code == 200, address
            assert 'data-document="/openapi.json"' in page.text or 'spec-url="/openapi.json"' in page.text


async def test_the_description_can_be_left_out() -> None:
    nowhere = SecretStr("postgresql://nobody@localhost/nothing")
    app = create_app(IsolatedSettings(database_url=nowhere, docs=False), TRANSIT)
    async with client_of(app) as client:
        for path in ("/docs", "/redoc", "/openapi.json"):
            assert (await client.get(path)).status_code == 404
