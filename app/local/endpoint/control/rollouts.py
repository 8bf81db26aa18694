"""Roll-outs: from the old fleet of an endpoint to the new one, by steps, and back where it fails."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.local.endpoint.config import Pause
from app.local.endpoint.control.asked import BlueGreenShape, DeploymentShape, RollingShape, SizeShape
from app.local.endpoint.errors import EndpointError
from app.local.endpoint.fleets.fleet import Fleet
from app.local.endpoint.fleets.live import LiveEndpoint


@dataclass(frozen=True)
class TrafficStep:
    """So much of the traffic goes to the new fleet, for so long."""

    share: float
    seconds: float


def traffic_steps(deployment: DeploymentShape | None, instances: int) -> Sequence[TrafficStep]:
    """Those of a deployment. Without a policy everything goes over at once, as on SageMaker."""
    if deployment is not None and deployment.rolling_update_policy is not None:
        return _rolling(deployment.rolling_update_policy, instances)
    if deployment is not None and deployment.blue_green_update_policy is not None:
        return _blue_green(deployment.blue_green_update_policy, instances)
    return [TrafficStep(1.0, 0)]


def _blue_green(policy: BlueGreenShape, instances: int) -> Sequence[TrafficStep]:
    routing, last = policy.traffic_routing_configuration, policy.termination_wait_in_seconds
    wait = routing.wait_interval_in_seconds
    match routing.type:
        case "CANARY":
            return [TrafficStep(_share(routing.canary_size, instances), wait), TrafficStep(1.0, last)]
        case "LINEAR":
            return _even(_share(routing.linear_step_size, instances), wait, last)
    return [TrafficStep(1.0, last)]


def _rolling(policy: RollingShape, instances: int) -> Sequence[TrafficStep]:
    wait = policy.wait_interval_in_seconds
    return _even(_share(policy.maximum_batch_size, instances), wait, wait)


def _even(share: float, wait: float, last: float) -> Sequence[TrafficStep]:
    steps, reached = [], share
    while reached < 1.0 - 1e-9:
        steps.append(TrafficStep(reached, wait))
        reached += share
    return [*steps, TrafficStep(1.0, last)]


def _share(size: SizeShape | None, instances: int) -> float:
    """A part of the capacity; a tenth, the least that SageMaker takes for a step, where none is said."""
    if size is None:
        return 0.1
    return min(1.0, size.value / (100 if size.type == "CAPACITY_PERCENT" else max(1, instances)))


@dataclass(frozen=True)
class RollOut:
    """One update under way.

    There is no CloudWatch here. With ``watched`` the alarms go off where a model of the new fleet fails, as
    alarms on its 5xx errors would.
    """

    live: LiveEndpoint
    steps: Sequence[TrafficStep]
    load: Callable[[Fleet], Awaitable[None]]
    """Loads the models of a fleet, or raises EndpointError."""
    pause: Pause
    watched: bool
    keeps_old: bool
    """Whether the old fleet stays whole until the end. A rolling update gives it up batch by batch."""

    async def run(self, new: Fleet) -> None:
        """Until the new fleet is in service, or the old one is again."""
        live, alarm = self.live, asyncio.Event()
        new.on_failure = alarm.set if self.watched else None
        try:
            await self.load(new)
        except EndpointError as error:
            self._end(f"The new fleet could not be started: {error.message}")
            return
        live.new = new
        for step in self.steps:
            live.share = step.share
            if await self._goes_off(alarm, step.seconds):
                await self._back()
                return
        live.fleet, new.on_failure = new, None
        self._end("")

    async def _goes_off(self, alarm: asyncio.Event, seconds: float) -> bool:
        """Whether an alarm does before the pause has passed."""
        pause = asyncio.ensure_future(self.pause(seconds))
        gone_off = asyncio.ensure_future(alarm.wait())
        try:
            await asyncio.wait([pause, gone_off], return_when=asyncio.FIRST_COMPLETED)
            return alarm.is_set()
        finally:
            pause.cancel()
            gone_off.cancel()

    async def _back(self) -> None:
        """All traffic to the old fleet. A rolling update has to start what it gave up, and may fail to."""
        self.live.set_status("RollingBack")
        if not self.keeps_old:
            old = self.live.fleet.again()
            try:
                await self.load(old)
            except EndpointError as error:
                self.live.reason = f"The old fleet could not be started again: {error.message}"
                self.live.set_status("UpdateRollbackFailed")
                return
            self.live.fleet = old
        self._end("One or more alarms went off during the deployment, and it was rolled back.")

    def _end(self, reason: str) -> None:
        self.live.new, self.live.coming = None, None
        self.live.share, self.live.reason = 0.0, reason
        self.live.set_status("InService")
