"""Tokens of Microsoft Entra ID for Azure ML, by Microsoft's own library, which the extra ``azure`` brings."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import structlog

from app.backends.http.auth import Token
from app.core.errors import BackendDown, BackendRefused
from app.core.logging.quoting import Quoted

log = structlog.get_logger(__name__)

TOKEN_TIMEOUT = 10.0
"""Seconds for each of the library's calls, its own tries included; without it a silent server has 300."""

IDENTITY = "AZURE_IDENTITY"
"""Stands in BACKEND_HOSTS for the tokens of Entra ID, which no variable holds."""

# No others: a token goes to the address in the options, which must not get one that is good for more.
TokenScope = Literal[
    "https://ml.azure.com/.default", "https://ml.azure.us/.default", "https://ml.azure.cn/.default"
]


def entra_tokens(scope: TokenScope, instance_discovery: bool) -> Callable[[], Awaitable[Token]]:
    """A function that fetches a token for the identity that DefaultAzureCredential finds.

    Raises BackendRefused without azure-identity. The function raises BackendDown where Microsoft failed, and
    BackendRefused where it gave none.
    """
    try:
        from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError
        from azure.identity import DefaultAzureCredential

        from app.backends.azure_ml.transport import WatchedTransport
    except ModuleNotFoundError as error:
        needed = "needs the package azure-identity: pip install -r requirements-azure.txt"
        raise BackendRefused(f"The backend 'azure_ml' without key_env {needed}") from error

    def fetch() -> Token:
        transport = WatchedTransport(connection_timeout=TOKEN_TIMEOUT, read_timeout=TOKEN_TIMEOUT)
        # With a credential of its own, since they keep their tokens, those that were revoked included.
        try:
            with DefaultAzureCredential(
                transport=transport, timeout=TOKEN_TIMEOUT, disable_instance_discovery=not instance_discovery
            ) as credential:
                token = credential.get_token(scope)
        except (AzureError, ValueError) as error:  # ValueError: settings of no use, such as a wrong tenant
            log.warning("azure_token_failed", error=Quoted(str(error)), kind=type(error).__name__)
            if transport.failed or isinstance(error, ServiceRequestError | ServiceResponseError):
                raise BackendDown("Microsoft Entra ID could not be reached, or failed.") from error
            why = "its credentials are wrong, missing or have expired."
            raise BackendRefused(f"This service got no token of Microsoft Entra ID: {why}") from error
        return Token(token.token, token.expires_on)

    return lambda: asyncio.to_thread(fetch)
