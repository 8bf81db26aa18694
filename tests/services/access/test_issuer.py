"""The keys of a local issuer: new ones, old ones, and none to be had."""

import asyncio
import base64

import jwt
import pytest
from pydantic import JsonValue

from app.core.errors import Unavailable
from app.services.access import issuer
from app.services.access.tokens import Tokens
from tests.support.http_stub import Answer
from tests.support.oidc import LocalIssuer, ec_key, refused, rsa_key


async def test_a_key_that_is_new_is_fetched_and_one_that_is_withdrawn_is_gone(
    local: LocalIssuer, taken: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = local.token()
    await taken.holder(old)
    local.published = {"two": rsa_key(1)}
    new = local.token(rsa_key(1), kid="two")
    assert await refused(taken, new) == "the issuer has no such key.", "it was asked a moment ago"
    assert local.fetches == 1
    monkeypatch.setattr(issuer, "PAUSE", 0)
    await asyncio.gather(*(taken.holder(new) for _ in range(20)))
    assert local.fetches == 2
    assert taken.at_once(old) is None
    assert await refused(taken, old) == "the issuer has no such key."


async def test_keys_are_asked_for_again_beside_the_requests(
    local: LocalIssuer, taken: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = local.token()
    await taken.holder(token)
    local.published = {"two": rsa_key(1)}
    monkeypatch.setattr(issuer, "PAUSE", 0)
    monkeypatch.setattr(issuer, "FRESH", 0)
    assert taken.at_once(token) is None
    await taken.holder(token)
    while taken._issuer._fetching is not None:  # noqa: ASYNC110 - nobody waits for it
        await asyncio.sleep(0.01)
    assert await refused(taken, token) == "the issuer has no such key."


async def test_the_issuer_away(local: LocalIssuer, taken: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    known, new = local.token(), local.token(rsa_key(1), kid="two")
    await taken.holder(known)
    local.published["two"] = rsa_key(1)
    monkeypatch.setattr(issuer, "PAUSE", 0.2)
    await asyncio.sleep(0.2)
    answer, local.server.respond = local.server.respond, lambda _: Answer(500)
    for _ in range(3):
        with pytest.raises(Unavailable, match="The issuer of tokens cannot be asked for its keys"):
            await taken.holder(new)
    assert await taken.holder(local.token(sub="bob")), "by a key that is known"
    local.server.respond = answer
    await asyncio.sleep(0.2)
    await taken.holder(new)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"issuer": "https://another", "jwks_uri": "https://x"}',
        b"x" * 2**21,
    ],
)
async def test_an_issuer_that_says_nothing_of_use(local: LocalIssuer, taken: Tokens, body: bytes) -> None:
    local.server.respond = lambda _: Answer(200, body)
    with pytest.raises(Unavailable):
        await taken.holder(local.token())
    assert len(local.server.requests) == 1


@pytest.mark.parametrize("address", [None, 7, "", "http://10.0.0.1/keys", "file:///etc/passwd", "https://"])
async def test_keys_are_had_by_https_alone(local: LocalIssuer, taken: Tokens, address: JsonValue) -> None:
    local.discovery["jwks_uri"] = address
    with pytest.raises(Unavailable):
        await taken.holder(local.token())


async def test_of_a_set_only_what_can_check_a_signature_is_used(local: LocalIssuer, taken: Tokens) -> None:
    secret = base64.urlsafe_b64encode(b"s" * 32).decode()
    broken: list[JsonValue] = [None, 7, {}, {"kid": "a"}, {"kid": "b", "kty": "RSA"}]
    local.jwks = [
        *broken,
        {"kid": "c", "kty": "RSA", "n": 1, "e": []},
        {"kid": "oct", "kty": "oct", "k": secret},
        {"kid": "x", "kty": "oct", "k": secret, "alg": "RS256"},
    ]
    local.published["ec"] = ec_key()
    local.published["weak"] = rsa_key(size=1024)
    await taken.holder(local.token())
    await taken.holder(local.token(ec_key(), "ES256", "ec"))
    assert await refused(taken, local.token("s" * 32, "HS256", "oct")) == "its algorithm is not taken."
    assert await refused(taken, local.token(kid="x")) == "the issuer has no such key."
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        weak = local.token(rsa_key(size=1024), kid="weak")
    assert await refused(taken, weak) == "it cannot be read."
