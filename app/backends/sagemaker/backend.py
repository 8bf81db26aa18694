"""Models behind a SageMaker real-time endpoint, single or multi-model, through boto3."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from app.aws import CALL_ERRORS, CallError, call_config, sagemaker_runtime_client
from app.backends import base
from app.backends.base import Deployed, Limits, Reply
from app.backends.sagemaker.errors import says_no_artifact, translate
from app.backends.sagemaker.options import Options
from app.backends.sagemaker.sharing import shared_look
from app.backends.wire.formats import ROWS, RequestFormat
from app.backends.wire.replies import decode
from app.core.errors import BackendDown, BackendError, BackendMissing, BackendTimeout, BadOutput
from app.core.hosts import Hosts
from app.schemas.rows import Row

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 70.0
"""Seconds. The platform gives a real-time model 60 s to answer."""


class SageMakerBackend:
    """As many threads as calls may run at once. The client is shared, see app.aws."""

    def __init__(
        self,
        options: Options,
        features: Sequence[str],
        concurrency: int,
        runtime: "Callable[[], SageMakerRuntimeClient]",
    ) -> None:
        envelope = {options.json_key: ROWS} if options.json_key else None
        self._format = RequestFormat(options.content_type, features, envelope=envelope)
        self._csv_reply = options.csv_reply
        self._accept = options.accept or options.content_type
        self._target = options.target() | {"ContentType": options.content_type, "Accept": self._accept}
        self._what = options.describe()
        self._runtime, self._closed = runtime, False
        self._options, self._shared = options, shared_look(options)
        # The loop's own executor has a handful of threads and is everybody's.
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="sagemaker")
        self.limits = Limits(options.max_rows, options.max_bytes - self._format.overhead)

    def row_bytes(self, row: Row) -> int:
        return len(self._format.row(row)) + 1

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        if self._closed:
            raise BackendDown(f"{self._what}: the backend is no longer used.")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                return await self._told(await loop.run_in_executor(self._threads, self._invoke, rows))
        except TimeoutError as error:  # the thread goes on until its own time-out; its answer is dropped
            raise BackendTimeout(f"{self._what}: no answer came within {timeout:.1f} s.") from error

    def _invoke(self, rows: Sequence[Row]) -> "Reply | CallError":
        body = self._format.body(rows)
        try:
            answer = self._runtime().invoke_endpoint(**self._target, Body=body)
            content = self._read(answer["Body"])
        except CALL_ERRORS as error:
            return error
        announced = answer.get("ContentType") or self._accept
        outputs = decode(content, announced, len(rows), csv_reply=self._csv_reply)
        # A component is a name of its own for what answers, whichever variant it is on.
        variant = None if self._options.inference_component else answer.get("InvokedProductionVariant")
        return Reply(outputs, variant=variant or None)

    async def _told(self, answer: "Reply | CallError") -> Reply:
        """The reply. Raises what the platform said; whether a target model is missing or forbidden, the
        bucket says."""
        if isinstance(answer, Reply):
            return answer
        said = translate(answer, self._what)
        if says_no_artifact(answer):
            found = await self._shared.look(self._options)
            if isinstance(found, BackendMissing):
                raise found from answer
        raise said from answer

    def _read(self, body: "StreamingBody") -> bytes:
        content = body.read(base.MAX_REPLY + 1)
        if body.read(1):  # boto3 sees only here, at the end, whether anything is missing
            body.close()
            raise BadOutput(f"{self._what} answered more than {base.MAX_REPLY // 2**20} MB.")
        return content

    async def look(self) -> Deployed | None:
        """By variant. Raises BackendError where nothing is in service, what the options name does not exist,
        or the platform cannot be reached."""
        found = await self._shared.look(self._options)
        if isinstance(found, BackendError):
            raise found
        return found

    async def aclose(self) -> None:
        """Take no more calls; one that still hangs in a thread ends with its own time-out."""
        self._closed = True
        self._threads.shutdown(wait=False)


def create(options: Options, features: Sequence[str], concurrency: int, hosts: Hosts) -> SageMakerBackend:
    """Open the backend; nothing is called yet. Raises BackendRefused without a region or a valid profile."""
    if options.endpoint_url:
        hosts.require(options.endpoint_url, "endpoint_url")
    config = call_config(
        attempts=1,  # retries are the caller's, in one place
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        connections=concurrency,
    )
    runtime = partial(
        sagemaker_runtime_client, config, region=options.region, endpoint_url=options.endpoint_url
    )
    try:
        runtime()
    except CALL_ERRORS as error:
        raise translate(error, options.describe()) from error
    return SageMakerBackend(options, features, concurrency, runtime)
