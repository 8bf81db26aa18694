"""One invocation: who answers it, within which limits, and what is captured of it."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from app.local.endpoint.errors import EndpointError, validation_error
from app.local.endpoint.fleets.capture import Captured
from app.local.endpoint.fleets.fleet import Fleet, FleetVariant, HostedContainer, HostedContainers
from app.local.endpoint.fleets.live import LiveEndpoint
from app.local.endpoint.fleets.running import ContainerRunner
from app.local.endpoint.fleets.serverless import MAX_BODY_BYTES
from app.local.endpoint.model import ContainerAnswer
from app.local.endpoint.request import HEADER, check_headers, check_target_model, not_this_kind


@dataclass(frozen=True)
class Invocation:
    """A call as it came. ``headers`` have names in lower case."""

    body: bytes
    headers: Mapping[str, str]
    request_id: str

    def said(self, header: str) -> str | None:
        """A header of SageMaker's by the rest of its name; None where the call has none."""
        return self.headers.get(HEADER + header)


@dataclass(frozen=True)
class InvocationAnswer:
    """What the model answered, and the variant that it runs on."""

    answer: ContainerAnswer
    variant: str


class Invoker:
    """Answers calls of any endpoint."""

    def __init__(self, runner: ContainerRunner) -> None:
        self._runner = runner

    async def invoke(self, live: LiveEndpoint, call: Invocation) -> InvocationAnswer:
        """Raises EndpointError: a refusal of the call, or the model's failure."""
        check_headers(call.headers, live.name)
        fleet, variant, runs = _choose(live, call)
        containers = runs.named(call.said("target-container-hostname"), live.name, call.request_id)
        takes_target = any(container.only is None for container in containers)
        check_target_model(call.headers, live.name, call.request_id, multi_model=takes_target)
        if variant.environments and len(call.body) > MAX_BODY_BYTES:
            raise validation_error(f"Request {call.request_id} has oversize body.")
        async with variant.environments.taken() if variant.environments else nullcontext():
            answer = await self._run(live.name, fleet, containers, call)
        await _capture(fleet, live.name, variant.name, call, answer)
        return InvocationAnswer(answer, variant.name)

    async def _run(
        self, endpoint: str, fleet: Fleet, containers: Sequence[HostedContainer], call: Invocation
    ) -> ContainerAnswer:
        try:
            return await self._runner.run(endpoint, fleet, containers, call.body, call.headers)
        except EndpointError as error:
            if error.is_models_own:
                fleet.failed()
            raise


def _choose(live: LiveEndpoint, call: Invocation) -> tuple[Fleet, FleetVariant, HostedContainers]:
    name = call.said("inference-component")
    if name is None:
        fleet, variant = live.pick(call.said("target-variant"))
        if variant.runs is None:
            raise validation_error(f"Request {call.request_id} is missing an inference component header.")
        return fleet, variant, variant.runs
    if not live.hosts_components:
        raise not_this_kind(live.name, "an endpoint with inference components", "inference-component")
    component = live.component(name)
    fleet, variant = live.pick(component.variant)
    return fleet, variant, component.runs


async def _capture(
    fleet: Fleet, endpoint: str, variant: str, call: Invocation, answer: ContainerAnswer
) -> None:
    if fleet.capture is None or not fleet.capture.wanted():
        return
    asked = Captured(call.body, call.headers.get("content-type", ""))
    answered = Captured(answer.body, answer.headers.get("content-type", ""))
    await asyncio.to_thread(fleet.capture.write, endpoint, variant, call.headers, asked, answered)
