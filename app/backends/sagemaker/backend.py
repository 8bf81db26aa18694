"""Models behind a SageMaker real-time endpoint, single or multi-model."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from app.aws import CALL_ERRORS, call_config, credentials, sagemaker_runtime_client
from app.backends.base import Deployed, Limits, Look, Reply
from app.backends.sagemaker.calls.asked import Asked
from app.backends.sagemaker.calls.chosen import Calls
from app.backends.sagemaker.calls.own import OwnArguments
from app.backends.sagemaker.calls.replies import Invoked
from app.backends.sagemaker.errors import translate
from app.backends.sagemaker.explainers.asking import asking
from app.backends.sagemaker.looks.looking import SERVERLESS_BYTES
from app.backends.sagemaker.looks.sharing import shared_look
from app.backends.sagemaker.options import Options
from app.backends.sagemaker.refusals import says_no_artifact
from app.backends.wire.replies import Output
from app.core.errors import BackendError, BackendMissing, BackendRejected, BackendTimeout
from app.core.hosts import Hosts
from app.schemas.payloads import Payload
from app.schemas.rows import Row

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 70.0
"""Seconds. The platform gives a real-time model 60 s to answer."""
OF_PAYLOADS = "application/json"
"""What is asked for about a payload."""


class SageMakerBackend:
    """The calls of one model version, and looks at its endpoint. The client is shared, see app.aws."""

    def __init__(
        self,
        options: Options,
        features: Sequence[str],
        concurrency: int,
        runtime: "Callable[[], SageMakerRuntimeClient]",
        *,
        explains: bool = False,
    ) -> None:
        """``explains``: each call asks for explanations, too."""
        self.exchange = options.exchange(features, options.max_rows)
        self._asking = asking(options.explainer, features, options.custom_attributes, explains=explains)
        self._explaining = partial(SageMakerBackend, options, features, concurrency, runtime, explains=True)
        self._max_rows = options.most_rows(explains=explains)
        self._what = options.describe()
        target = options.target() | {"ContentType": options.announced, "Accept": options.asked_for}
        held = partial(credentials, options.role, options.region)
        self._calls = Calls(
            Asked(self._what, target, concurrency, runtime, CONNECT_TIMEOUT, READ_TIMEOUT, held)
        )
        self._options, self._shared, self.runtime = options, shared_look(options), runtime
        self._most_bytes, self._knows_its_kind = options.max_bytes, options.max_bytes <= SERVERLESS_BYTES

    @property
    def limits(self) -> Limits:
        return Limits(self._max_rows, self.longest_payload - self.exchange.overhead)

    @property
    def longest_payload(self) -> int:
        return self._most_bytes

    def explaining(self) -> "SageMakerBackend":
        """Another one, whose calls ask for explanations."""
        return self._explaining()

    def row_bytes(self, row: Row) -> int:
        return self.exchange.row_bytes(row)

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        own = replace(self._asking.own, inference_id=str(uuid4()))
        answer = await self._answer(self.exchange.body(rows), own, timeout)
        announced = own.accept or self._options.answer_type or self._options.asked_for

        def decode(answer: Invoked) -> list[Output]:
            return self.exchange.outputs(answer.content, answer.content_type or announced, len(rows))

        return self._reply(self._asking.read(answer, decode), answer, own)

    async def predict_payload(self, payload: Payload, timeout: float) -> Reply:
        accept = self._options.accept or OF_PAYLOADS
        self._asking.require_rows()
        given = replace(self._asking.own, content_type=payload.content_type, accept=accept)
        own = replace(given, inference_id=str(uuid4()))
        answer = await self._answer(payload.content, own, timeout)
        announced = self._options.answer_type or accept

        def decode(answer: Invoked) -> list[Output]:
            return [self.exchange.output(answer.content, answer.content_type or announced)]

        return self._reply(self._asking.read(answer, decode), answer, own)

    async def _answer(self, body: bytes, own: OwnArguments, timeout: float) -> Invoked:
        try:
            async with asyncio.timeout(timeout):
                await self._require_fit(len(body))
                return await self._invoke(body, own)
        except TimeoutError as error:
            raise BackendTimeout(f"{self._what}: no answer came within {timeout:.1f} s.") from error

    def _reply(self, outputs: Sequence[Output], answer: Invoked, own: OwnArguments) -> Reply:
        # A component is a name of its own for what answers, whichever variant it is on.
        variant = None if self._options.inference_component else answer.variant
        return Reply(
            outputs,
            variant=variant or None,
            inference_id=own.inference_id,
            custom_attributes=answer.custom_attributes or None,
        )

    async def _require_fit(self, size: int) -> None:
        """BackendRejected where a body is longer than the endpoint takes. What kind it is counts for long
        bodies alone, and the first of them asks; where nobody can say, the call itself will."""
        if size > SERVERLESS_BYTES and not self._knows_its_kind:
            self._note(await self._shared.look(self._options))
        if size > self._most_bytes:
            is_serverless = self._most_bytes < self._options.max_bytes
            most = "the 4 MB that a serverless endpoint takes" if is_serverless else "max_bytes allows"
            raise BackendRejected(f"{self._what}: {size} bytes are more for one call than {most}.")

    def _note(self, found: Look) -> None:
        """AWS lets no endpoint become serverless; one that no longer is loses little until the next look."""
        if isinstance(found, Deployed):
            self._knows_its_kind = True
            self._most_bytes = min(self._options.max_bytes, found.most_bytes or self._options.max_bytes)

    async def _invoke(self, body: bytes, own: OwnArguments) -> Invoked:
        """Raises what the platform said; whether a target model is missing or forbidden, the bucket says."""
        try:
            return await self._calls.invoke(body, own)
        except CALL_ERRORS as error:
            said = translate(error, self._what)
            if says_no_artifact(error):
                found = await self._shared.look(self._options)
                if isinstance(found, BackendMissing):
                    raise found from error
            raise said from error

    async def look(self) -> Deployed | None:
        """By variant. Raises BackendError where nothing is in service, what the options name does not exist,
        or the platform cannot be reached."""
        found = await self._shared.look(self._options)
        if isinstance(found, BackendError):
            raise found
        self._note(found)
        return found

    async def aclose(self) -> None:
        await self._calls.aclose()


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
        sagemaker_runtime_client,
        config,
        region=options.region,
        endpoint_url=options.endpoint_url,
        role=options.role,
    )
    try:
        runtime()
    except CALL_ERRORS as error:
        raise translate(error, options.describe()) from error
    return SageMakerBackend(options, features, concurrency, runtime)
