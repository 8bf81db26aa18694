"""InvokeEndpoint through boto3, in threads: what only botocore can do, it does, for four times the CPU."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from app.backends import base
from app.backends.sagemaker.calls.replies import Invoked
from app.core.errors import BadOutput

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient


class ThreadCalls:
    """As many threads as calls may run at once: the loop's own executor has a handful and is everybody's."""

    def __init__(
        self,
        what: str,
        target: Mapping[str, str],
        concurrency: int,
        client: "Callable[[], SageMakerRuntimeClient]",
    ) -> None:
        self._what, self._target, self._client = what, target, client
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="sagemaker")

    async def invoke(self, body: bytes) -> Invoked:
        """Raises what boto3 raises. Who no longer waits leaves a thread, until the client's own time-out."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._invoke, body)

    def _invoke(self, body: bytes) -> Invoked:
        answer = self._client().invoke_endpoint(**self._target, Body=body)
        return Invoked(
            content=self._read(answer["Body"]),
            content_type=answer.get("ContentType", ""),
            variant=answer.get("InvokedProductionVariant", ""),
        )

    def _read(self, body: "StreamingBody") -> bytes:
        content = body.read(base.MAX_REPLY + 1)
        if body.read(1):  # boto3 sees only here, at the end, whether anything is missing
            body.close()
            raise BadOutput(f"{self._what} answered more than {base.MAX_REPLY // 2**20} MB.")
        return content

    async def aclose(self) -> None:
        """Take no more calls; one that still hangs in a thread ends with its own time-out."""
        self._threads.shutdown(wait=False)
