"""InvokeEndpoint through boto3, in threads: what only botocore can do, it does, for three times the CPU."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING

from app.backends import base
from app.backends.sagemaker.calls.asked import Asked
from app.backends.sagemaker.calls.own import OwnArguments
from app.backends.sagemaker.calls.replies import Invoked
from app.core.errors import BadOutput

if TYPE_CHECKING:
    from botocore.response import StreamingBody


class ThreadCalls:
    """As many threads as calls may run at once: the loop's own executor has a handful and is everybody's."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._threads = ThreadPoolExecutor(asked.concurrency, thread_name_prefix="sagemaker")

    async def invoke(self, body: bytes, own: OwnArguments) -> Invoked:
        """Raises what boto3 raises. Who no longer waits leaves a thread, until the client's own time-out."""
        here = copy_context()  # the present trace is handed on
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, here.run, self._invoke, body, own
        )

    def _invoke(self, body: bytes, own: OwnArguments) -> Invoked:
        arguments = {**self._asked.arguments, **own.arguments}
        answer = self._asked.client().invoke_endpoint(**arguments, Body=body)
        return Invoked(
            content=self._read(answer["Body"]),
            content_type=answer.get("ContentType", ""),
            variant=answer.get("InvokedProductionVariant", ""),
            custom_attributes=answer.get("CustomAttributes", ""),
        )

    def _read(self, body: "StreamingBody") -> bytes:
        content = body.read(base.MAX_REPLY)
        if body.read(1):  # boto3 sees only here, at the end, whether anything is missing
            body.close()
            raise BadOutput(f"{self._asked.what} answered more than {base.MAX_REPLY // 2**20} MB.")
        return content

    async def aclose(self) -> None:
        """Take no more calls; one that still hangs in a thread ends with its own time-out."""
        self._threads.shutdown(wait=False)
