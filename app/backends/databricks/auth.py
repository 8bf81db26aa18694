"""How a service principal gets its tokens from a Databricks workspace: OAuth by client credentials.

From the pages "Authorize service principal access to Databricks with OAuth", "Request OAuth tokens with
authorization details" and "Query route-optimized serving endpoints".
"""

import base64
import json
import time
from functools import partial
from urllib.parse import urlencode, urlsplit

from app.backends.http.auth import Auth, Fixed, NoAuth, Renewed, Token, secret
from app.backends.http.client import HttpClient
from app.backends.http.connections import HttpReply
from app.backends.wire.replies import json_object
from app.core.errors import BackendRefused, BadOutput

TIMEOUT = 10.0
"""Seconds for a token, or for where to get one."""

_FORM = {"grant_type": "client_credentials", "scope": "all-apis"}

PRINCIPAL = "DATABRICKS_CLIENT_SECRET"
"""What a service principal proves itself by, to the workspace; its tokens go where that may go."""


class ServicePrincipal:
    """The principal of DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET in the workspace at ``url``.

    Raises BackendRefused where they are not set.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        pair = f"{secret('DATABRICKS_CLIENT_ID')}:{secret(PRINCIPAL)}"
        basic = Fixed({"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"})
        refused = {400: (BackendRefused, "it gives this service principal no such token.")}
        self._places = HttpClient("Databricks workspace", NoAuth(), 1, infers=False)
        self._tokens = HttpClient("Databricks token endpoint", basic, 1, statuses=refused, infers=False)

    def auth(self, *, details: str | None = None) -> Auth:
        """Tokens for all of the workspace's API, or for what the authorization ``details`` name."""
        return Renewed(partial(self._fetch, details))

    async def _fetch(self, details: str | None) -> Token:
        form = _FORM | ({"authorization_details": details} if details else {})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        endpoint = await self._token_endpoint()
        reply = await self._tokens.post(endpoint, urlencode(form).encode(), TIMEOUT, headers=kind)
        match json_object(reply.body, reply.content_type):
            case {"access_token": str(token), "expires_in": int(seconds)}:
                return Token(token, time.time() + seconds)
        raise BadOutput("The Databricks token endpoint answered no token.")

    async def _token_endpoint(self) -> str:
        place = f"{self._url}/oidc/.well-known/oauth-authorization-server"
        reply = await self._places.get(place, TIMEOUT)
        endpoint = json_object(reply.body, reply.content_type).get("token_endpoint")
        if not isinstance(endpoint, str) or not endpoint.startswith(f"{self._url}/"):  # the secret goes there
            raise BackendRefused("The Databricks workspace names a token endpoint on another host, or none.")
        return endpoint

    async def aclose(self) -> None:
        await self._places.aclose()
        await self._tokens.aclose()


def may_query(route_url: str) -> str:
    """The authorization details that a route-optimised endpoint asks for; its id begins its host's name."""
    route_id = (urlsplit(route_url).hostname or "").partition(".")[0]
    permission = {
        "type": "workspace_permission",
        "object_type": "serving-endpoints",
        "object_path": f"/serving-endpoints/{route_id}",
        "actions": ["query_inference_endpoint"],
    }
    return json.dumps([permission])


def is_expired(status: int, reply: HttpReply) -> bool:
    """A token that is wrong, revoked or past its time is answered 403, a missing one 401."""
    return status == 401 or (status == 403 and b"Invalid access token" in reply.body)
