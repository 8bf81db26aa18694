"""An issuer of tokens on this machine: a real server, real keys."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TypeAlias

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pydantic import JsonValue

from app.core.errors import Unauthorized
from app.services.access.tokens import Tokens
from tests.support.http_stub import Answer, HttpStub, Request, http_stub, reply
from tests.support.settings import IsolatedSettings

AUDIENCE = "predictions"
PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Claims: TypeAlias = dict[str, JsonValue]
NOTHING: Mapping[str, JsonValue] = {}


@cache
def rsa_key(number: int = 0, size: int = 2048) -> rsa.RSAPrivateKey:
    """They take a tenth of a second to make."""
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


class LocalIssuer:
    """``published`` are its keys by name, and ``jwks`` whatever stands beside them."""

    def __init__(self, server: HttpStub) -> None:
        self.server, self.url = server, server.url
        self.published: dict[str, PrivateKey] = {"one": rsa_key()}
        self.jwks: list[JsonValue] = []
        self.discovery: Claims = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        server.respond = self._answer

    @property
    def fetches(self) -> int:
        return sum(request.path == "/keys" for request in self.server.requests)

    def token(
        self,
        key: PrivateKey | str | None = None,
        alg: str = "RS256",
        kid: str | None = "one",
        **changes: JsonValue,
    ) -> str:
        """For our audience, by default with the first key."""
        header = {} if kid is None else {"kid": kid}
        signed_with = self.published["one"] if key is None else key
        return jwt.encode(self.claims(changes), signed_with, algorithm=alg, headers=header)

    def token_of(self, changes: Mapping[str, JsonValue]) -> str:
        """The same with other claims; None takes one away."""
        return jwt.encode(self.claims(changes), self.published["one"], "RS256", headers={"kid": "one"})

    def claims(self, changes: Mapping[str, JsonValue] = NOTHING) -> dict[str, JsonValue]:
        now = int(time.time())
        given: Claims = {"iss": self.url, "aud": AUDIENCE, "sub": "ann", "scope": "read predict openid"}
        given |= {"iat": now, "nbf": now, "exp": now + 300, **changes}
        return {name: value for name, value in given.items() if value is not None}

    def _answer(self, request: Request) -> Answer:
        if request.path == "/.well-known/openid-configuration":
            return reply(self.discovery)
        return reply({"keys": [*self.jwks, *(_public(name, key) for name, key in self.published.items())]})


def _public(name: str, key: PrivateKey) -> JsonValue:
    if isinstance(key, rsa.RSAPrivateKey):
        text = RSAAlgorithm.to_jwk(key.public_key())
    else:
        text = ECAlgorithm.to_jwk(key.public_key())
    public: Claims = json.loads(text)
    return public | {"kid": name, "use": "sig"}


def tokens_of(local: LocalIssuer, **settings: str) -> Tokens:
    """Of a process with these settings."""
    fixed = {"database_url": "postgresql://x", "oidc_issuer": local.url, "oidc_audience": AUDIENCE}
    return Tokens(IsolatedSettings.model_validate(fixed | settings))


async def refused(taken: Tokens, token: str) -> str:
    """Why a token is."""
    with pytest.raises(Unauthorized) as caught:
        await taken.holder(token)
    assert taken.at_once(token) is None
    return caught.value.detail.removeprefix("The token is not valid: ")


@contextmanager
def local_issuer() -> Iterator[LocalIssuer]:
    with http_stub() as server:
        yield LocalIssuer(server)
