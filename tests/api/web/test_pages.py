"""The pages of the description, and what every answer tells a browser."""

import base64
import hashlib
import re

from pydantic import SecretStr

from app.api.web.pages import policy
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


async def test_a_page_runs_the_scripts_that_were_written_into_it_and_no_others() -> None:
    async with client_of(APP) as client:
        for path in ("/docs", "/redoc"):
            page = await client.get(path)
            assert page.headers["content-security-policy"] == policy(page.text)
            scripts = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
            for script in scripts:
                digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
                assert f"'sha256-{digest}'" in page.headers["content-security-policy"]
            directives = dict(one.split(" ", 1) for one in policy(page.text).split("; "))
            assert "unsafe" not in directives["script-src"]
            loaded = re.findall(r"<(?:script|link)[^>]+(?:src|href)=\"(https://[^/\"]+)", page.text)
            assert all(origin in policy(page.text) for origin in loaded)


async def test_the_description_can_be_left_out() -> None:
    nowhere = SecretStr("postgresql://nobody@localhost/nothing")
    app = create_app(IsolatedSettings(database_url=nowhere, docs=False), TRANSIT)
    async with client_of(app) as client:
        for path in ("/docs", "/redoc", "/openapi.json"):
            assert (await client.get(path)).status_code == 404
