"""Tokens of IBM Cloud and of a Cloud Pak for Data.

The calls are those of the references "IAM Identity Services" and "Cloud Pak for Data platform". IBM's library
ibm-cloud-sdk-core makes the same two; but it blocks, knows neither our deadline nor SSL_CERT_FILE, follows
redirects, and after a call that failed lets the next ones wait for a minute.
"""

import base64
import json
import time
from typing import Literal
from urllib.parse import urlencode

from app.backends.http.auth import NoAuth, Token
from app.backends.http.client import HttpClient
from app.backends.wire.replies import json_object
from app.core.errors import BackendRefused, BadOutput

IBM_IAM = "https://iam.cloud.ibm.com"
TIMEOUT = 10.0
"""Seconds for a token, or for a look at what is deployed."""
_GRANT = "urn:ibm:params:oauth:grant-type:apikey"


class TokenService:
    """POSTs ``body`` to ``url`` and finds the token under ``key``."""

    def __init__(self, url: str, body: bytes, content_type: str, key: str) -> None:
        self._url, self._body, self._key = url, body, key
        self._headers = {"Content-Type": content_type}
        wrong = (BackendRefused, "it does not know the API key.")
        self._http = HttpClient("IBM's token service", NoAuth(), 1, statuses={400: wrong}, infers=False)

    async def fetch(self) -> Token:
        """A new token. Raises BackendRefused for a wrong secret, BadOutput where none is answered."""
        reply = await self._http.post(self._url, self._body, TIMEOUT, headers=self._headers)
        token = json_object(reply.body, reply.content_type).get(self._key)
        if not isinstance(token, str):
            raise BadOutput("IBM's token service answered without a token.")
        return Token(token, time.time() + _lifetime(token))

    async def aclose(self) -> None:
        await self._http.aclose()


def iam(url: str | None, api_key: str) -> TokenService:
    """IBM Cloud's, at its own address by default."""
    form = urlencode({"grant_type": _GRANT, "apikey": api_key}).encode()
    place = f"{url or IBM_IAM}/identity/token"
    return TokenService(place, form, "application/x-www-form-urlencoded", "access_token")


def cloud_pak(url: str, username: str, kind: Literal["api_key", "password"], secret: str) -> TokenService:
    """That of the Cloud Pak for Data at ``url``."""
    body = json.dumps({"username": username, kind: secret}).encode()
    return TokenService(f"{url}/icp4d-api/v1/authorize", body, "application/json", "token")


def _lifetime(token: str) -> float:
    """Seconds from the JWT's ``iat`` to its ``exp``, as IBM's library reads it; no clock has to be right."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"]) - float(claims["iat"])
    except (LookupError, TypeError, ValueError) as error:
        raise BadOutput("IBM's token service answered a token that says no lifetime.") from error
