"""What a foreign page can have a browser send is refused on every route that changes something."""

import httpx
import pytest
from pydantic import SecretStr

from app.api.web.guard import WebGuard
from app.main import create_app
from tests.api.documented import APP, OPERATIONS
from tests.support.app import client_of
from tests.support.documents import Operation
from tests.support.settings import IsolatedSettings
from tests.support.use_case import TRANSIT

CHANGING = [one for one in OPERATIONS if one.method not in ("get", "head")]
CROSS_SITE = [
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://evil.example"},  # over plain HTTP browsers say no more
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},  # of a sandboxed frame, or a file
    {"Sec-Fetch-Site": "same-site", "Origin": "http://other.test"},
    {"Origin": "http://test:81"},
]
SIMPLE: list[tuple[str | None, bytes]] = [
    (None, b""),
    ("text/plain", b'{"version": "1"}'),
    ("application/x-www-form-urlencoded", b"version=1"),
    ("multipart/form-data; boundary=x", b"--x--"),
    ("application/json", b"{}"),  # not simple, and not taken either
]


WRITES = pytest.mark.parametrize("operation", CHANGING, ids=[one.name for one in CHANGING])
NOWHERE = SecretStr("postgresql://nobody@localhost/nothing")


async def foreign_answers(operation: Operation) -> list[httpx.Response]:
    """What each simple request of a foreign page is answered; nothing is open that could be changed."""
    async with client_of(APP) as client:
        return [
            await client.request(
                operation.method,
                operation.url,
                headers=said | ({"Content-Type": kind} if kind else {}),
                content=body,
            )
            for said in CROSS_SITE
            for kind, body in SIMPLE
        ]


@WRITES
async def test_what_a_foreign_page_sends_is_refused(operation: Operation) -> None:
    for answer in await foreign_answers(operation):
        assert answer.status_code == 403
        told = answer.json()
        named = told["error"] if operation.path.startswith("/v2/") else told["errors"][0]["field"]
        assert "Origin" in named


async def test_without_a_guard_it_would_get_in(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WebGuard, "_is_ours", lambda *_: True)
    for said in CROSS_SITE:
        rolled_back = await client.post("/models/m/rollback", headers=said | {"Content-Type": "text/plain"})
        assert rolled_back.status_code == 404  # had there been a model
        predicted = await client.post("/predict/a?refresh=true", headers=said)
        assert predicted.status_code == 422  # had the request named a model


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"Origin": "http://test", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://test", "Sec-Fetch-Site": "same-origin"},  # a proxy ends TLS
        {"Origin": "http://TEST"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_others_and_pages_of_our_own_are_let_through(said: dict[str, str]) -> None:
    async with client_of(APP) as client:
        answer = await client.post("/records/lookup", headers=said, content=b"x")
    assert answer.status_code == 405  # it has passed: there is a path like that, for other methods


async def test_reading_is_no_change() -> None:
    async with client_of(APP) as client:
        for method in ("GET", "HEAD"):
            assert (await client.request(method, "/openapi.json", headers=CROSS_SITE[0])).status_code == 200


@pytest.mark.parametrize("path", ["/health/live", "/predict/a", "/docs"])
async def test_a_name_that_a_stranger_leads_here_is_refused(path: str) -> None:
    async with client_of(APP) as client:
        for host in ("evil.example:8000", "localhost.evil.example", "a b"):
            answer = await client.get(path, headers={"Host": host})
            assert answer.status_code == 400
            assert answer.json()["errors"][0]["field"] == "Host"
        twice = [("Host", "localhost"), ("Host", "127.0.0.1")]
        assert (await client.get(path, headers=twice)).status_code == 400


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        (IsolatedSettings(database_url=NOWHERE), 503),
        (IsolatedSettings(database_url=NOWHERE, allowed_hosts="other.example"), 400),
        (IsolatedSettings(database_url=NOWHERE, auth="none"), 400),
    ],
    ids=["503: it has passed, and the service is not open", "names are listed", "keys are not looked at"],
)
async def test_with_a_key_any_name_will_do(settings: IsolatedSettings, status: int) -> None:
    strange = {"Host": "scores.example.com", "Authorization": "Bearer x"}
    async with client_of(create_app(settings, TRANSIT)) as client:
        assert (await client.get("/models", headers=strange)).status_code == status


async def test_listed_origins_may_ask_and_read() -> None:
    app = create_app(IsolatedSettings(database_url=NOWHERE, allowed_origins="https://ours.example"), TRANSIT)
    asks = {"Origin": "https://ours.example", "Access-Control-Request-Method": "PUT"}
    async with client_of(app) as client:
        allowed = await client.options("/records/a", headers=asks)
        assert allowed.headers["access-control-allow-origin"] == "https://ours.example"
        assert "access-control-allow-credentials" not in allowed.headers
        refused = await client.options("/records/a", headers=asks | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in refused.headers
        ours = {"Origin": "https://ours.example", "Sec-Fetch-Site": "cross-site"}
        answer = await client.post("/records/lookup", headers=ours, content=b"x")
        assert answer.status_code == 503  # it has passed, and the service is not open
        assert answer.headers["access-control-allow-origin"] == "https://ours.example"


async def test_by_default_no_origin_is_told_anything() -> None:
    async with client_of(APP) as client:
        asks = {"Origin": "https://ours.example", "Access-Control-Request-Method": "PUT"}
        answers = [await client.options("/records/a", headers=asks), await client.get("/docs", headers=asks)]
    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control")]
