"""Who may call a Databricks workspace: personal access tokens, and OAuth for service principals.

From the pages "OAuth M2M authentication" and "Request OAuth tokens with authorization details".
"""

import base64
import json
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

PERSONAL_TOKEN = "dapi-0123456789"
CLIENT_ID, CLIENT_SECRET = "5f0c-principal", "dose-secret"
SECONDS = 3600
"""An OAuth token's life."""


@dataclass
class Accounts:
    """The tokens given out so far, each with the authorization details it was asked for."""

    issued: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    """How many tokens were asked for."""

    def expire_all(self) -> None:
        """From now on only new tokens are taken."""
        self.issued.clear()

    async def discovery(self, request: Request) -> Response:
        """The workspace's authorization server; where it is was asked at /.well-known/databricks-config."""
        root = f"{str(request.base_url).rstrip('/')}/oidc"
        endpoints = {"authorization_endpoint": f"{root}/v1/authorize", "token_endpoint": f"{root}/v1/token"}
        return JSONResponse({"issuer": root, **endpoints})

    async def configuration(self, request: Request) -> Response:
        return JSONResponse({"oidc_endpoint": f"{str(request.base_url).rstrip('/')}/oidc", "cloud": "AWS"})

    async def token(self, request: Request) -> Response:
        self.requests += 1
        if request.headers.get("authorization") != f"Basic {_basic(CLIENT_ID, CLIENT_SECRET)}":
            refusal = {"error": "invalid_client", "error_description": "Client authentication failed"}
            return JSONResponse(refusal, status_code=401)
        form = dict(parse_qsl((await request.body()).decode()))
        if (form.get("grant_type"), form.get("scope")) != ("client_credentials", "all-apis"):
            return JSONResponse({"error": "invalid_request"}, status_code=400)
        token = secrets.token_urlsafe()
        self.issued[token] = form.get("authorization_details", "")
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": SECONDS})

    def check(self, request: Request, *, route_id: str | None = None) -> None:
        """Raise the workspace's refusal unless the call is let in.

        ``route_id`` is that of a route-optimised address, which takes only the tokens made for it.
        """
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer":
            raise HTTPException(401, "Credential was not sent or was of an unsupported type for this API.")
        personal = token == PERSONAL_TOKEN and route_id is None
        if not personal and (token not in self.issued or not _allows(self.issued[token], route_id)):
            raise HTTPException(403, "Invalid access token.")


def _allows(details: str, route_id: str | None) -> bool:
    if route_id is None:
        return not details
    permission = {
        "type": "workspace_permission",
        "object_type": "serving-endpoints",
        "object_path": f"/serving-endpoints/{route_id}",
        "actions": ["query_inference_endpoint"],
    }
    return bool(details) and json.loads(details) == [permission]


def _basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()
