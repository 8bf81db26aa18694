"""Tokens of a local issuer: those that are taken, and the many that are not."""

import asyncio
import base64
import json
import time
from collections.abc import Callable

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import JsonValue

from app.schemas.access.callers import Caller
from app.services.access import tokens
from app.services.access.tokens import Tokens
from tests.support.oidc import AUDIENCE, LocalIssuer, ec_key, refused, rsa_key, tokens_of


async def test_a_token_s_holder_and_scopes(local: LocalIssuer, taken: Tokens) -> None:
    token = local.token()  # a second later it would be another one
    assert taken.at_once(token) is None
    found = await taken.holder(token)
    assert found == Caller("oidc:ann", frozenset(("read", "predict")))
    assert taken.at_once(token) == found
    assert local.fetches == 1


async def test_a_token_is_checked_once(
    local: LocalIssuer, taken: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = int(time.time()) + 2  # a second at least
    token = local.token(exp=until)
    await taken.holder(token)
    with monkeypatch.context() as patched:
        patched.setattr(jwt, "decode", None)
        assert taken.at_once(token) is not None
    await asyncio.sleep(until + 0.1 - time.time())
    assert taken.at_once(token) is None, "it has expired"
    monkeypatch.setattr(tokens, "MOST_KNOWN", 2)
    several = [local.token(sub=name) for name in "abc"]
    for one in several:
        await taken.holder(one)
    assert [taken.at_once(one) is not None for one in several] == [False, True, True]


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": 1_600_000_000}, "it has expired."),
        ({"nbf": 9_000_000_000}, "it is not valid yet."),
        ({"iat": 9_000_000_000}, "it is not valid yet."),
        ({"aud": "another"}, "it is for another audience."),
        ({"aud": ["another", AUDIENCE[:-1]]}, "it is for another audience."),
        ({"iss": "https://another"}, "it is of another issuer."),
        *(({name: None}, f"it has no {name}.") for name in ("iss", "aud", "exp", "iat", "sub")),
        ({"exp": "soon"}, "it cannot be read."),
        ({"exp": [9_000_000_000]}, "it cannot be read."),
        ({"exp": {}}, "it cannot be read."),
        ({"exp": True}, "it has expired."),
        ({"nbf": "x"}, "it cannot be read."),
        ({"iat": "x"}, "it cannot be read."),
        ({"aud": 7}, "it is for another audience."),
        ({"sub": 7}, "it cannot be read."),
        ({"sub": ""}, "its claim sub must be a text of 1 to 200 printable characters."),
        ({"sub": "a\nb"}, "its claim sub must be a text of 1 to 200 printable characters."),
        ({"sub": "a" * 201}, "its claim sub must be a text of 1 to 200 printable characters."),
        ({"scope": 7}, "its claim scope must be texts."),
        ({"scope": {"admin": 1}}, "its claim scope must be texts."),
        ({"scope": ["admin", 7]}, "its claim scope must be texts."),
        ({"scope": None, "scp": [["admin"]]}, "its claim scp must be texts."),
    ],
)
async def test_claims_that_are_not_taken(
    local: LocalIssuer, taken: Tokens, claims: dict[str, JsonValue], why: str
) -> None:
    assert await refused(taken, local.token_of(claims)) == why


async def test_clocks_may_differ_by_half_a_minute(local: LocalIssuer, taken: Tokens) -> None:
    now = int(time.time())
    allowed: list[dict[str, JsonValue]] = [{"exp": now - 20}, {"nbf": now + 20}, {"iat": now + 20}]
    for claims in allowed:
        await taken.holder(local.token_of(claims))
    assert await refused(taken, local.token(exp=now - 40)) == "it has expired."


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "admin"}, {"admin"}),
        ({"scope": ["read", "write"]}, {"read", "write"}),
        ({"scope": None, "scp": "read"}, {"read"}),
        ({"scope": None, "scp": ["predict"]}, {"predict"}),
        ({"scope": "", "scp": "admin"}, set[str]()),
        ({"scope": None}, set[str]()),
        ({"scope": "Read READ reads calendar:read"}, set[str]()),
        ({"scope": None, "roles": ["admin"]}, set[str]()),
    ],
)
async def test_scopes(
    local: LocalIssuer, taken: Tokens, claims: dict[str, JsonValue], scopes: set[str]
) -> None:
    assert (await taken.holder(local.token_of(claims))).scopes == scopes


async def test_scopes_with_a_prefix(local: LocalIssuer) -> None:
    taken = tokens_of(local, oidc_scope_prefix="scores:")
    found = await taken.holder(local.token(scope="scores:read read predict scores:openid xscores:write"))
    assert found.scopes == {"read"}
    await taken.aclose()


NO_MODELS: list[JsonValue] = [None, [], "", ["x y"], ["a", 7], 7, {"a": 1}, [""]]
NO_PREFIXES: list[JsonValue] = [None, "", 7, ["acme/"], "a\n", "x" * 101, "e\u0301/", " a/"]


async def test_claims_that_bind(local: LocalIssuer) -> None:
    taken = tokens_of(local, oidc_models_claim="models", oidc_prefix_claim="tenant")
    bound = await taken.holder(local.token(models=["a", "b"], tenant="acme/"))
    assert (bound.models, bound.record_prefix) == (frozenset("ab"), "acme/")
    for models in NO_MODELS:
        why = await refused(taken, local.token(models=models, tenant="acme/"))
        assert why.startswith("its claim models")
    for tenant in NO_PREFIXES:
        assert (await refused(taken, local.token(models="a", tenant=tenant))).startswith("its claim tenant")
    assert "admin" in await refused(taken, local.token(models="a", tenant="acme/", scope="admin"))
    await taken.aclose()


def unsigned(header: dict[str, JsonValue], claims: object) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in (header, claims)
    ]
    return ".".join((*parts, ""))


def signed_with_the_public_key(local: LocalIssuer) -> str:
    public = rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = jwt.api_jws.PyJWS()
    payload, header = json.dumps(local.claims()).encode(), {"kid": "one", "alg": "HS256"}
    signed._algorithms["HS256"].prepare_key = lambda key: key  # type: ignore[method-assign]
    return signed.encode(payload, public, "HS256", header)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (
            lambda local: unsigned({"alg": "none", "kid": "one"}, local.claims()),
            "its algorithm is not taken.",
        ),
        (
            lambda local: unsigned({"alg": "None", "kid": "one"}, local.claims()),
            "its algorithm is not taken.",
        ),
        (lambda local: unsigned({"alg": ["RS256"], "kid": "one"}, {}), "its algorithm is not taken."),
        (lambda local: unsigned({"kid": "one"}, local.claims()), "its algorithm is not taken."),
        (lambda local: unsigned({"alg": "RS256", "kid": "one"}, local.claims()), "its signature is wrong."),
        (lambda local: unsigned({"alg": "RS256", "kid": 7}, local.claims()), "it cannot be read."),
        (signed_with_the_public_key, "its algorithm is not taken."),
        (lambda local: local.token(rsa_key(1)), "its signature is wrong."),
        (lambda local: local.token(ec_key(), "ES256"), "its algorithm is not taken."),
        (lambda local: local.token(alg="PS256"), "its algorithm is not taken."),
        (lambda local: local.token(kid=None), "it names no key."),
        (lambda local: local.token(kid=""), "the issuer has no such key."),
        (lambda local: local.token(kid="two"), "the issuer has no such key."),
        (lambda local: local.token(kid="../../etc/passwd"), "the issuer has no such key."),
        (lambda local: local.token(kid="http://127.0.0.1:1/keys"), "the issuer has no such key."),
        (lambda local: local.token()[:-16] + "A" * 16, "its signature is wrong."),
        (lambda local: local.token().rpartition(".")[0], "it cannot be read."),
        (lambda local: "a.b.c", "it cannot be read."),
        (lambda local: "x" * 8192, "it cannot be read."),
        (lambda local: base64.urlsafe_b64encode(b"[" * 6000).decode() + ".e30.", "it cannot be read."),
        (lambda local: "é.é.é", "it cannot be read."),
        (lambda local: "", "it cannot be read."),
    ],
)
async def test_what_is_no_token_of_the_issuer(
    local: LocalIssuer, taken: Tokens, make: Callable[[LocalIssuer], str], why: str
) -> None:
    assert await refused(taken, make(local)) == why
    assert {request.path for request in local.server.requests} <= {
        "/.well-known/openid-configuration",
        "/keys",
    }


async def test_what_a_header_says_of_keys_is_left_aside(local: LocalIssuer, taken: Tokens) -> None:
    other = {"jku": f"{local.url}/mine", "x5u": f"{local.url}/mine", "kid": "one"}
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key(1).public_key()))
    token = jwt.encode(local.claims(), rsa_key(1), "RS256", headers=other | {"jwk": public})
    assert await refused(taken, token) == "its signature is wrong."
    assert local.fetches == 1
    assert not any(request.path == "/mine" for request in local.server.requests)
