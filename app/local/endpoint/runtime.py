"""The SageMaker Runtime: POST /endpoints/{name}/invocations."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.local.endpoint.artifacts.cache import CachedArtifact, ModelCache
from app.local.endpoint.artifacts.sources import ServedEndpoint
from app.local.endpoint.config import EndpointConfig
from app.local.endpoint.errors import ACCOUNT, ModelFailed, model_error, validation_error
from app.local.endpoint.model import ContainerAnswer, HostedModel
from app.local.endpoint.request import HEADER, bounded_body, check_headers, headers_of

TIMED_OUT = "Your invocation timed out while waiting for a response from container primary."


class SageMakerRuntime:
    """Answers invocations of the configured endpoints."""

    def __init__(
        self, config: EndpointConfig, served: Mapping[str, ServedEndpoint], cache: ModelCache
    ) -> None:
        self._config, self._served, self._cache = config, served, cache
        # Many, since a caller's concurrency should meet the model and not a queue of ours.
        self._threads = ThreadPoolExecutor(64, thread_name_prefix="invocation")

    def close(self) -> None:
        """Start no more calls; those that run end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def invoke(self, request: Request) -> Response:
        """One InvokeEndpoint call."""
        request_id = str(uuid4())
        body = await bounded_body(request, self._config.max_body_bytes)
        name = request.path_params["name"]
        if name not in self._served:
            raise validation_error(f"Endpoint {name} of account {ACCOUNT} not found.")
        served, headers = self._served[name], headers_of(request)
        if served.endpoint.asynchronous is not None:
            raise validation_error(f"Endpoint {name} is asynchronous: use InvokeEndpointAsync.")
        check_headers(headers, served.endpoint, request_id)
        answer = await self.answer(served, body, headers)
        if answer.status != 200:
            raise model_error(name, answer.status, answer.body.decode("utf-8", "replace"))
        own = {"x-Amzn-Invoked-Production-Variant": served.endpoint.variant, "x-amzn-RequestId": request_id}
        return Response(answer.body, headers={**_passed_on(answer), **own})

    async def answer(
        self, served: ServedEndpoint, body: bytes, headers: Mapping[str, str]
    ) -> ContainerAnswer:
        """What the container says to a request that is checked."""
        entry = self._cache.acquire(served.source, served.only or headers[HEADER + "target-model"])
        try:
            model = await self._cache.ready(entry)
        except ModelFailed as error:
            self._cache.release(entry)
            raise model_error(served.endpoint.name, error.status, error.message) from error
        except BaseException:
            self._cache.release(entry)
            raise
        return await self._run(entry, model, body, headers)

    async def _run(
        self, entry: CachedArtifact, model: HostedModel, body: bytes, headers: Mapping[str, str]
    ) -> ContainerAnswer:
        """Run the model in a thread. It stays in use until the thread is done, however long we wait."""
        loop, content_type = asyncio.get_running_loop(), headers.get("content-type")
        running = loop.run_in_executor(self._threads, model.invoke, body, content_type, headers)
        running.add_done_callback(lambda _: self._cache.release(entry))
        done, _ = await asyncio.wait([running], timeout=self._config.invocation_seconds)
        return running.result() if done else ContainerAnswer(0, TIMED_OUT.encode())


def _passed_on(answer: ContainerAnswer) -> Mapping[str, str]:
    """The container's headers that reach the caller."""
    wanted = ("content-type", HEADER + "custom-attributes")
    return {name: answer.headers[name] for name in wanted if name in answer.headers}
