"""InvokeEndpoint over aiohttp, signed by botocore."""

import aiohttp
from botocore.credentials import Credentials
from botocore.model import ServiceModel

from app.backends.http.connections import Connections
from app.backends.sagemaker.calls.asked import Asked
from app.backends.sagemaker.calls.credentials import FreshCredentials
from app.backends.sagemaker.calls.own import OwnArguments
from app.backends.sagemaker.calls.replies import Invoked, Replies
from app.backends.sagemaker.calls.signing import PreparedCall
from app.backends.sagemaker.calls.trust import tls_context

LONGEST_ERROR = 2**20
"""Bytes of a refusal that are read: the model's own message is in it. Its code is in a header."""


class SignedCalls:
    """Over connections of their own."""

    def __init__(self, asked: Asked, call: PreparedCall, held: Credentials, service: ServiceModel) -> None:
        """Raises BackendRefused where the certificates to believe in cannot be read."""
        self._call, self._credentials, self._replies = call, FreshCredentials(held), Replies(service)
        self._connections = Connections(
            asked.what,
            asked.concurrency,
            connect_timeout=asked.connect_timeout,
            read_timeout=asked.read_timeout,
            tls=tls_context(asked.what) if call.url.startswith("https:") else None,
            longest_error=LONGEST_ERROR,
        )

    async def invoke(self, body: bytes, own: OwnArguments) -> Invoked:
        """Raises what boto3 would raise for an answer or missing credentials, BackendError where none came.

        It is one call: whoever makes another pays for another.
        """
        headers = self._call.headers(body, await self._credentials.frozen(), own.headers)
        try:
            status, reply = await self._connections.exchange("POST", self._call.url, body, headers)
        except aiohttp.ClientError as error:
            raise self._connections.failure(error) from error
        return self._replies.read(status, reply.headers, reply.body)

    async def aclose(self) -> None:
        """Cut off what is under way, and take no more calls."""
        await self._connections.aclose()
