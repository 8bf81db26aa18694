"""Running containers: the artifacts of a fleet, loaded once and called in threads."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from app.local.endpoint.artifacts.cache import CachedArtifact, ModelCache
from app.local.endpoint.errors import ModelFailed, model_error
from app.local.endpoint.fleets.fleet import Fleet, HostedContainer, HostedContainers
from app.local.endpoint.model import ContainerAnswer, HostedModel
from app.local.endpoint.request import HEADER

TIMED_OUT = "Your invocation timed out while waiting for a response from container {}."


class ContainerRunner:
    """Calls the containers of all endpoints of this process."""

    def __init__(self, cache: ModelCache, invocation_seconds: float) -> None:
        self._cache, self._seconds = cache, invocation_seconds
        # Many, since a caller's concurrency should meet the model and not a queue of ours.
        self._threads = ThreadPoolExecutor(64, thread_name_prefix="invocation")

    def close(self) -> None:
        """Start no more calls; those that run end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def load(self, fleet: Fleet, runs: HostedContainers) -> None:
        """Load what a model runs, but for the target models that its callers will name. Raises what a call
        would: a fleet that cannot load its models never comes into service."""
        for container in runs.containers:
            if container.only is not None:
                entry = self._cache.acquire(container.source, container.only, fleet.number)
                try:
                    await self._ready(entry, fleet.config, container)
                finally:
                    self._cache.release(entry)

    async def run(
        self,
        endpoint: str,
        fleet: Fleet,
        containers: Sequence[HostedContainer],
        body: bytes,
        headers: Mapping[str, str],
    ) -> ContainerAnswer:
        """The answer of the last one; what one answers, and its type, is what the next is asked."""
        answer, asked = ContainerAnswer(200, body), dict(headers)
        for container in containers:
            last = container is containers[-1]
            said = asked if last else {name: value for name, value in asked.items() if name != "accept"}
            answer = await self._one(endpoint, fleet, container, answer.body, said)
            if answer.status != 200:
                text = answer.body.decode("utf-8", "replace")
                raise model_error(endpoint, answer.status, text, container.name)
            asked["content-type"] = answer.headers.get("content-type", "")
        return answer

    async def _one(
        self,
        endpoint: str,
        fleet: Fleet,
        container: HostedContainer,
        body: bytes,
        headers: Mapping[str, str],
    ) -> ContainerAnswer:
        name = container.only or headers[HEADER + "target-model"]
        entry = self._cache.acquire(container.source, name, fleet.number)
        try:
            model = await self._ready(entry, endpoint, container)
        except BaseException:
            self._cache.release(entry)
            raise
        return await self._call(entry, model, container, body, headers)

    async def _ready(self, entry: CachedArtifact, endpoint: str, container: HostedContainer) -> HostedModel:
        try:
            return await self._cache.ready(entry)
        except ModelFailed as error:
            raise model_error(endpoint, error.status, error.message, container.name) from error

    async def _call(
        self,
        entry: CachedArtifact,
        model: HostedModel,
        container: HostedContainer,
        body: bytes,
        headers: Mapping[str, str],
    ) -> ContainerAnswer:
        """Run the model in a thread. It stays in use until the thread is done, however long we wait."""
        loop, content_type = asyncio.get_running_loop(), headers.get("content-type")
        running = loop.run_in_executor(self._threads, model.invoke, body, content_type, headers)
        running.add_done_callback(lambda _: self._cache.release(entry))
        done, _ = await asyncio.wait([running], timeout=self._seconds)
        return running.result() if done else ContainerAnswer(0, TIMED_OUT.format(container.name).encode())
