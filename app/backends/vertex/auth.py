"""Access tokens for Google's default credentials, through google-auth, which only this backend needs."""

import asyncio
import math
from datetime import UTC
from functools import cache, partial

import structlog

from app.backends.http.auth import Headers, Renewed, Token
from app.core.errors import BackendDown, BackendError, BackendRefused
from app.core.logging.quoting import Quoted

log = structlog.get_logger(__name__)

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_TIMEOUT = 10.0
"""Seconds."""
IDENTITY = "GOOGLE_IDENTITY"
"""Stands in BACKEND_HOSTS for the tokens of the default credentials, which no variable holds."""


class GoogleAuth:
    """The bearer token, and the project that is charged where the credentials name another than their own.

    The credentials are looked for at the first call. BackendRefused without google-auth.
    """

    def __init__(self) -> None:
        try:
            import google.auth
            from google.auth.exceptions import GoogleAuthError
            from google.auth.transport.requests import Request
        except ImportError as error:
            raise BackendRefused(
                "Vertex AI needs the package google-auth: pip install -r requirements-vertex.txt"
            ) from error
        # Beside its own errors it raises what a file of another shape makes it stumble over.
        self._errors = (GoogleAuthError, OSError, ValueError, TypeError, AttributeError)
        self._credentials = cache(lambda: google.auth.default(scopes=[SCOPE])[0])
        self._charged: str | None = None
        self._request = partial(Request(), timeout=TOKEN_TIMEOUT)
        self._renewed = Renewed(lambda: asyncio.to_thread(self._fetch))

    async def headers(self, rejected: Headers | None = None) -> Headers:
        bearer = rejected and {"Authorization": rejected["Authorization"]}
        bearer = await self._renewed.headers(bearer)
        return {**bearer, "x-goog-user-project": self._charged} if self._charged else bearer

    def _fetch(self) -> Token:
        try:
            credentials = self._credentials()
            credentials.refresh(self._ask)
        except self._errors as error:
            self._credentials.cache_clear()  # the key file may be replaced
            raise of_google(error) from error
        self._charged = credentials.quota_project_id
        ends = credentials.expiry.replace(tzinfo=UTC).timestamp() if credentials.expiry else math.inf
        return Token(str(credentials.token), ends)

    def _ask(self, **call: object) -> object:
        """A call of google-auth's, which takes some of a failing server's statuses for a refusal."""
        from google.auth.exceptions import TransportError

        response = self._request(**call)
        if response.status >= 500:
            raise TransportError(f"status {response.status}")
        return response


def of_google(error: Exception) -> BackendError:
    """The error that says why google-auth gave no token. Its own words hold paths: they are only logged."""
    from google.auth import exceptions as google

    log.warning("google_gave_no_token", error=Quoted(str(error)), kind=type(error).__name__)
    passing = (google.TransportError, google.TimeoutError, google.ResponseError)
    cause = error.__cause__ if isinstance(error, google.RefreshError) else None
    # A machine's own source of tokens fails so, too, with what it answered if that was a refusal.
    lost = isinstance(cause, google.TransportError) and len(cause.args) == 1
    if lost or isinstance(error, passing) or getattr(error, "retryable", False):
        return BackendDown("Google's token server could not be reached, or failed.")
    if isinstance(error, google.RefreshError | google.OAuthError | google.UserAccessTokenError):
        return BackendRefused("Google gave no token for the credentials of this service.")
    return BackendRefused("This service has no Google credentials, or they are not valid.")
