"""InvokeEndpoint over aiohttp, signed by botocore."""

import aiohttp

from app.backends.http.connections import Connections
from app.backends.sagemaker.calls.credentials import FreshCredentials
from app.backends.sagemaker.calls.replies import Invoked, Replies
from app.backends.sagemaker.calls.signing import PreparedCall


class SignedCalls:
    """Over connections of their own."""

    def __init__(
        self, call: PreparedCall, credentials: FreshCredentials, replies: Replies, connections: Connections
    ) -> None:
        self._call, self._credentials, self._replies = call, credentials, replies
        self._connections = connections

    async def invoke(self, body: bytes) -> Invoked:
        """Raises what boto3 would raise for an answer or missing credentials, BackendError where none came.

        It is one call: whoever makes another pays for another.
        """
        headers = self._call.headers(body, await self._credentials.frozen())
        try:
            status, reply = await self._connections.exchange("POST", self._call.url, body, headers)
        except aiohttp.ClientError as error:
            raise self._connections.failure(error) from error
        return self._replies.read(status, reply.headers, reply.body)

    async def aclose(self) -> None:
        """Cut off what is under way, and take no more calls."""
        await self._connections.aclose()
