"""Models behind an asynchronous endpoint: rows are handed over, and the answer is fetched from S3."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from app.aws import CALL_ERRORS
from app.backends.base import Deployed, Limits, Reply, Ticket
from app.backends.sagemaker.asynchronous.outputs import MOST_THREADS, Outputs, WrittenObject, split
from app.backends.sagemaker.backend import OF_PAYLOADS, SageMakerBackend
from app.backends.sagemaker.errors import translate
from app.backends.sagemaker.options import Asynchronous, Options
from app.backends.wire.replies import Output
from app.core.errors import BackendError, BackendRefused, BackendTimeout, BadOutput, TooLarge
from app.schemas.payloads import Payload, Sendable
from app.schemas.rows import Row

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime.type_defs import InvokeEndpointAsyncInputTypeDef

T = TypeVar("T")
MOST_INLINE = 128_000
"""Bytes that InvokeEndpointAsync takes in its body (API reference)."""
GRACE = 300.0
"""Seconds beyond its own limits that the platform may take to write what became of a row."""


@dataclass(frozen=True)
class _Sent:
    """What goes out for a row, or is a payload."""

    body: bytes
    kind: str
    accept: str
    is_whole: bool


class AsynchronousBackend:
    """Hands rows over and fetches answers, in threads of its own; looks are those of any endpoint."""

    def __init__(
        self,
        options: Options,
        chosen: Asynchronous,
        plain: SageMakerBackend,
        concurrency: int,
    ) -> None:
        self._options, self._chosen, self._plain = options, chosen, plain
        self._what = options.describe()
        self._outputs = Outputs(self._what, options.region, options.role)
        self._threads = ThreadPoolExecutor(min(concurrency, MOST_THREADS), thread_name_prefix="asynchronous")

    @property
    def limits(self) -> Limits:
        return self._plain.limits

    @property
    def longest_payload(self) -> int:
        return self._plain.longest_payload

    def row_bytes(self, row: Row) -> int:
        return self._plain.row_bytes(row)

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:  # noqa: ARG002
        """Never: to wait for a bucket would be to poll it, for every caller by itself."""
        raise BackendRefused(f"{self._what} is asynchronous: it cannot be asked for an answer at once.")

    async def predict_payload(self, payload: Payload, timeout: float) -> Reply:  # noqa: ARG002
        """Never, as well."""
        return await self.predict((), timeout)

    async def submit(self, row: Sendable, timeout: float) -> Ticket:
        return await self._in_time(partial(self._submit, self._sent(row)), timeout)

    def _sent(self, row: Sendable) -> _Sent:
        if isinstance(row, Payload):
            return _Sent(row.content, row.content_type, self._options.accept or OF_PAYLOADS, is_whole=True)
        body = self._plain.exchange.body([row])
        return _Sent(body, self._options.announced, self._options.asked_for, is_whole=False)

    def _submit(self, sent: _Sent) -> Ticket:
        chosen, name = self._chosen, str(uuid4())
        request: InvokeEndpointAsyncInputTypeDef = {
            "EndpointName": self._options.endpoint_name,
            "ContentType": sent.kind,
            "Accept": sent.accept,
            "InferenceId": name,
            "InvocationTimeoutSeconds": chosen.invocation_timeout,
            "RequestTTLSeconds": chosen.request_ttl,
        }
        if self._options.custom_attributes:
            request["CustomAttributes"] = self._options.custom_attributes
        self._add_body(request, sent, name)
        try:
            answer = self._plain.runtime().invoke_endpoint_async(**request)
        except CALL_ERRORS as error:
            raise translate(error, self._what) from error
        output, failure = answer.get("OutputLocation", ""), answer.get("FailureLocation", "")
        for location in (output, failure) if failure else (output,):
            split(location)
        seconds = chosen.request_ttl + chosen.invocation_timeout + GRACE
        known = answer.get("InferenceId") or name
        return Ticket(
            inference_id=known, output=output, failure=failure, is_whole=sent.is_whole, seconds=seconds
        )

    def _add_body(self, request: "InvokeEndpointAsyncInputTypeDef", sent: _Sent, name: str) -> None:
        """In the call where it fits, else by way of S3."""
        body = sent.body
        if len(body) <= MOST_INLINE:
            request["Body"] = body
        elif self._chosen.input_location is None:
            said = f"{self._what}: The row takes {len(body)} bytes, and 128,000 go in a call."
            raise TooLarge(f"{said} The option asynchronous.input_location is needed, a prefix in a bucket.")
        else:
            place = self._chosen.input_location
            request["InputLocation"] = self._outputs.put(place, name, body, sent.kind)

    async def collect(self, ticket: Ticket, timeout: float) -> Reply | None:
        return await self._in_time(partial(self._collect, ticket), timeout)

    def _collect(self, ticket: Ticket) -> Reply | None:
        try:
            written = self._outputs.read(ticket.output)
            if written is None:
                failure = self._outputs.failure(ticket.failure)
                return None if failure is None else _reply(ticket, failure)
            return _reply(ticket, self._read(ticket, written))
        except BadOutput as error:
            return _reply(ticket, error)

    def _read(self, ticket: Ticket, written: WrittenObject) -> Output:
        exchange, options = self._plain.exchange, self._options
        if ticket.is_whole:
            kind = written.kind or options.answer_type or options.accept or OF_PAYLOADS
            return exchange.output(written.content, kind)
        kind = written.kind or options.answer_type or options.asked_for
        return exchange.outputs(written.content, kind, 1)[0]

    async def _in_time(self, work: "Callable[[], T]", timeout: float) -> T:
        """Who no longer waits leaves a thread, until the client's own time-out."""
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as error:
            raise BackendTimeout(f"{self._what}: no answer came within {timeout:.1f} s.") from error

    async def look(self) -> Deployed | None:
        return await self._plain.look()

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False)
        await self._plain.aclose()


def _reply(ticket: Ticket, output: Output | BackendError) -> Reply:
    return Reply([output], inference_id=ticket.inference_id)
