"""Which way a backend's calls go: by botocore's configuration, never by an option."""

import asyncio
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from botocore.credentials import Credentials
from botocore.utils import get_environ_proxies

from app.aws import signed_invocation
from app.backends.sagemaker.calls.asked import Asked
from app.backends.sagemaker.calls.credentials import are_known
from app.backends.sagemaker.calls.own import NOTHING_OWN, OwnArguments
from app.backends.sagemaker.calls.replies import Invoked
from app.backends.sagemaker.calls.shared import Shared, off_the_loop
from app.backends.sagemaker.calls.signing import prepared
from app.backends.sagemaker.calls.threads import ThreadCalls
from app.core.errors import BackendDown
from app.core.tracing.parts import invoking

if TYPE_CHECKING:
    from app.backends.sagemaker.calls.signed import SignedCalls

log = structlog.get_logger(__name__)

PLUGINS = "BOTOCORE_EXPERIMENTAL__PLUGINS"
"""The environment variable that names code to change botocore's clients."""


class Calls:
    """The calls to one target. The way is chosen at the first one; a choice that failed is made again."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._way: SignedCalls | ThreadCalls | None = None
        self._choice = Shared(self._choose)
        self._closed = False

    async def invoke(self, body: bytes, own: OwnArguments = NOTHING_OWN) -> Invoked:
        """Raises what boto3 raises, or BackendError."""
        if self._closed:
            raise self._gone()
        if self._way is None:
            await asyncio.shield(self._choice.begin())
        assert self._way
        with invoking():
            return await self._way.invoke(body, own)

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

    def _find(self) -> "SignedCalls | ThreadCalls":
        client, held = self._asked.client(), self._asked.credentials()
        call = prepared(signed_invocation(client, self._asked.arguments))
        if call is None or held is None or _needs_botocore(call.url, held):
            log.info("sagemaker_calls_through_boto3", target=self._asked.what)
            return ThreadCalls(self._asked)
        from app.backends.sagemaker.calls.signed import SignedCalls  # 0.1 s, for aiohttp: not at start

        return SignedCalls(self._asked, call, held, client.meta.service_model)

    def _gone(self) -> BackendDown:
        return BackendDown(f"{self._asked.what}: the backend is no longer used.")


def _needs_botocore(url: str, held: Credentials) -> bool:
    """For proxies, plug-ins, and credentials of another kind than botocore's own."""
    proxied = urlsplit(url).scheme in get_environ_proxies(url)
    return proxied or bool(os.environ.get(PLUGINS)) or not are_known(held)
