"""Which way a backend's calls go: by botocore's configuration, never by an option."""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import structlog
from botocore.credentials import Credentials
from botocore.utils import get_environ_proxies

from app.aws import credentials, signed_invocation
from app.backends.base import MAX_REPLY
from app.backends.http.connections import Connections
from app.backends.sagemaker.calls.credentials import FreshCredentials, are_known
from app.backends.sagemaker.calls.replies import Invoked, Replies
from app.backends.sagemaker.calls.shared import Shared, off_the_loop
from app.backends.sagemaker.calls.signed import SignedCalls
from app.backends.sagemaker.calls.signing import prepared
from app.backends.sagemaker.calls.threads import ThreadCalls
from app.backends.sagemaker.calls.trust import tls_context
from app.core.errors import BackendDown

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

log = structlog.get_logger(__name__)

Client: TypeAlias = "SageMakerRuntimeClient"
PLUGINS = "BOTOCORE_EXPERIMENTAL__PLUGINS"
"""The environment variable that names code to change botocore's clients."""


class Calls:
    """The calls to one target. The way is chosen at the first one; a choice that failed is made again."""

    def __init__(
        self,
        what: str,
        target: Mapping[str, str],
        concurrency: int,
        client: Callable[[], Client],
        *,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        self._what, self._target, self._concurrency, self._client = what, target, concurrency, client
        self._timeouts = connect_timeout, read_timeout
        self._way: SignedCalls | ThreadCalls | None = None
        self._choice = Shared(self._choose)
        self._closed = False

    async def invoke(self, body: bytes) -> Invoked:
        """Raises what boto3 raises, or BackendError."""
        if self._closed:
            raise self._gone()
        if self._way is None:
            await asyncio.shield(self._choice.begin())
        assert self._way
        return await self._way.invoke(body)

    async def aclose(self) -> None:
        """Take no more calls."""
        self._closed = True
        if self._way:
            await self._way.aclose()

    async def _choose(self) -> None:
        way = await off_the_loop(self._find)
        if self._closed:
            raise self._gone()
        self._way = way

    def _find(self) -> SignedCalls | ThreadCalls:
        client, held = self._client(), credentials()
        call = prepared(signed_invocation(client, self._target))
        if call is None or held is None or _needs_botocore(call.url, held):
            log.info("sagemaker_calls_through_boto3", target=self._what)
            return ThreadCalls(self._what, self._target, self._concurrency, self._client)
        return SignedCalls(
            call, FreshCredentials(held), Replies(client.meta.service_model), self._connections(client)
        )

    def _connections(self, client: Client) -> Connections:
        connect_timeout, read_timeout = self._timeouts
        return Connections(
            self._what,
            self._concurrency,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            tls=tls_context(self._what) if client.meta.endpoint_url.startswith("https:") else None,
            longest_error=MAX_REPLY,
        )

    def _gone(self) -> BackendDown:
        return BackendDown(f"{self._what}: the backend is no longer used.")


def _needs_botocore(url: str, held: Credentials) -> bool:
    """For proxies, plug-ins, and credentials of another kind than botocore's own."""
    proxied = urlsplit(url).scheme in get_environ_proxies(url)
    return proxied or bool(os.environ.get(PLUGINS)) or not are_known(held)
