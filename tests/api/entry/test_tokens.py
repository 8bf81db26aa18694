"""Tokens of OIDC_ISSUER beside keys, over HTTP."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.access.opening import require_keys
from tests.support.app import running_app
from tests.support.browsers import OF_OUR_PAGE, signed_in
from tests.support.http_stub import Answer
from tests.support.oidc import AUDIENCE, LocalIssuer, local_issuer, rsa_key


@pytest.fixture
def local() -> Iterator[LocalIssuer]:
    with local_issuer() as issuer:
        yield issuer


@pytest.fixture
def settings(settings: Settings, local: LocalIssuer) -> Settings:
    return settings.model_copy(update={"oidc_issuer": local.url, "oidc_audience": AUDIENCE})


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    async with running_app(settings) as app:
        yield app


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_tokens_and_keys_are_both_taken(
    app: FastAPI, client: httpx.AsyncClient, local: LocalIssuer
) -> None:
    assert (await client.get("/records")).status_code == 401, "also while there are no keys"
    key = await keys.make(app.state.runtime.sessions, NewKey("k", ["read"]))
    for good in (key, local.token()):
        assert (await client.get("/records", headers=bearer(good))).status_code == 200
    for bad in ("sfk_x", "x", local.token(rsa_key(1)), local.token(aud="another")):
        answer = await client.get("/records", headers=bearer(bad))
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert bad not in answer.text
    huge = await client.get("/records", headers=bearer(local.token(more="x" * 9000)))
    assert huge.status_code == 401
    refused = await client.put("/records/a", json={}, headers=bearer(local.token()))
    assert refused.status_code == 403
    assert "'oidc:ann' has predict, read" in refused.json()["detail"]
    nothing = await client.get("/records", headers=bearer(local.token(scope="openid")))
    assert "'oidc:ann' has none" in nothing.json()["detail"]


async def test_people_sign_in_with_a_token(client: httpx.AsyncClient, local: LocalIssuer) -> None:
    assert "API key or token" in (await client.get("/dashboard/sign-in", headers=OF_OUR_PAGE)).text
    assert (await signed_in(client, local.token(aud="another"))).status_code == 401
    assert (await signed_in(client, local.token(), "/dashboard/jobs")).status_code == 303
    shown = await client.get("/dashboard/jobs", headers=OF_OUR_PAGE)
    assert (shown.status_code, "oidc:ann" in shown.text) == (200, True)
    assert (await client.get("/records")).status_code == 401


async def test_without_the_issuer_nobody_new_is_let_in(client: httpx.AsyncClient, local: LocalIssuer) -> None:
    local.server.respond = lambda _: Answer(503)
    answer = await client.get("/records", headers=bearer(local.token()))
    assert answer.status_code == 503
    assert answer.json()["detail"] == "The issuer of tokens cannot be asked for its keys."
    assert int(answer.headers["retry-after"]) == 10


async def test_with_an_issuer_others_may_be_listened_to(settings: Settings) -> None:
    await require_keys(settings, "0.0.0.0")
