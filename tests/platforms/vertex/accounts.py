"""A service account of Google's, and the server that gives it tokens.

From Google's page "Using OAuth 2.0 for Server to Server Applications": a JWT signed with the account's key
is exchanged for an access token.
"""

import json
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from google.auth import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _new_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@dataclass
class ServiceAccount:
    """``good`` are the tokens that are let in, ``issued`` counts all there were."""

    key: RSAPrivateKey = field(default_factory=_new_key)
    seconds: int = 3600
    """How long a new token says it lives."""
    good: set[str] = field(default_factory=set)
    issued: int = 0

    def key_file(self, token_uri: str) -> str:
        """The account's key as Google's console hands it out."""
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        content = {
            "type": "service_account",
            "project_id": "a-project",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": "caller@a-project.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": token_uri,
        }
        return json.dumps(content)

    async def token(self, request: Request) -> Response:
        """The token server: exchanges a JWT that this account signed."""
        form = httpx.QueryParams((await request.body()).decode())
        public = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        try:
            claims = jwt.decode(form["assertion"], certs=public, audience=AUDIENCE)
        except ValueError:
            refusal = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return JSONResponse(refusal, status_code=400)
        if (form["grant_type"], claims.get("scope")) != (GRANT, SCOPE):
            return JSONResponse({"error": "invalid_scope"}, status_code=400)
        token = f"ya29.{uuid4().hex}"
        self.good.add(token)
        self.issued += 1
        return JSONResponse({"access_token": token, "expires_in": self.seconds, "token_type": "Bearer"})

    def admits(self, request: Request) -> bool:
        """Whether the request carries a token that is let in."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and token in self.good
