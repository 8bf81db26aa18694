"""POST /endpoints/{name}/async-invocations: 202 at once, and an object in S3 later."""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.aws import s3_client
from app.local.endpoint.artifacts.sources import S3_CONFIG
from app.local.endpoint.asynchronous import request as requests
from app.local.endpoint.asynchronous.request import LOCATION, AsyncRequest
from app.local.endpoint.config import AsyncConfig
from app.local.endpoint.control.estate import Estate
from app.local.endpoint.errors import EndpointError, model_error, validation_error
from app.local.endpoint.fleets.live import LiveEndpoint
from app.local.endpoint.invoker import Invocation, Invoker
from app.local.endpoint.model import ContainerAnswer
from app.local.endpoint.request import HEADER, bounded_body, headers_of

LONGEST_BODY = 2**20
EXPIRED = "The request expired in the queue: RequestTTLSeconds were over."
TIMED_OUT = "Your invocation timed out while waiting for a response from container primary."


@dataclass(frozen=True)
class _Places:
    output: str
    failure: str


class AsyncRuntime:
    """Takes invocations of the endpoints that are asynchronous. What waits when the process ends is lost."""

    def __init__(self, estate: Estate, invoker: Invoker) -> None:
        self._estate, self._invoker = estate, invoker
        self._rooms: dict[str, asyncio.Semaphore] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.taken = 0
        """How many invocations there were."""

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def invoke(self, request: Request) -> Response:
        """One InvokeEndpointAsync call."""
        body = await bounded_body(request, LONGEST_BODY)
        live = self._estate.serving(request.path_params["name"])
        if (chosen := self._estate.asynchronous(live.name)) is None:
            raise validation_error(f"Endpoint {live.name} is not an asynchronous endpoint.")
        headers = headers_of(request)
        asked = await asyncio.to_thread(requests.read, headers, body)
        inference_id = headers.get(f"{HEADER}inference-id") or str(uuid4())
        places = _places(chosen)
        self.taken += 1
        task = asyncio.create_task(self._work(live, chosen, asked, places))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return _accepted(inference_id, places)

    async def _work(
        self, live: LiveEndpoint, chosen: AsyncConfig, asked: AsyncRequest, places: _Places
    ) -> None:
        room = self._rooms.setdefault(live.name, asyncio.Semaphore(chosen.concurrency))
        came = asyncio.get_running_loop().time()
        async with room:
            if asyncio.get_running_loop().time() - came > asked.ttl:
                await _fail(places, EXPIRED)
                return
            try:
                async with asyncio.timeout(asked.timeout):
                    await asyncio.sleep(chosen.delay_seconds)
                    call = Invocation(asked.body, asked.headers, str(uuid4()))
                    found = await self._invoker.invoke(live, call)
            except TimeoutError:
                await _fail(places, model_error(live.name, 0, TIMED_OUT).message)
            except EndpointError as error:
                await _fail(places, error.message)
            else:
                await _write(places, found.answer)


def _places(chosen: AsyncConfig) -> _Places:
    name = uuid4().hex
    failure = f"{chosen.failure.rstrip('/')}/{name}-error.out" if chosen.failure else ""
    return _Places(f"{chosen.output.rstrip('/')}/{name}.out", failure)


def _accepted(inference_id: str, places: _Places) -> Response:
    headers = {"X-Amzn-SageMaker-OutputLocation": places.output, "x-amzn-RequestId": str(uuid4())}
    if places.failure:
        headers["X-Amzn-SageMaker-FailureLocation"] = places.failure
    return JSONResponse({"InferenceId": inference_id}, 202, headers)


async def _write(places: _Places, answer: ContainerAnswer) -> None:
    kind = answer.headers.get("content-type", "application/octet-stream")
    await asyncio.to_thread(_put, places.output, answer.body, kind)


async def _fail(places: _Places, message: str | None) -> None:
    """Nothing tells of it where no failure path is configured."""
    if places.failure:
        await asyncio.to_thread(_put, places.failure, (message or "").encode(), "text/plain")


def _put(location: str, content: bytes, kind: str) -> None:
    found = LOCATION.fullmatch(location)
    assert found, location
    s3_client(S3_CONFIG).put_object(Bucket=found[1], Key=found[2], Body=content, ContentType=kind)
