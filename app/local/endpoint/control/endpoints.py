"""Endpoints: created, updated, weighed and deleted."""

import asyncio
import time
from collections.abc import Coroutine

from app.local.endpoint.config import EndpointConfig
from app.local.endpoint.control.asked import (
    DeploymentShape,
    NewEndpointShape,
    Shape,
    UpdateShape,
    WeightsShape,
    asked,
    refused,
)
from app.local.endpoint.control.deploying import deploy
from app.local.endpoint.control.describing import described
from app.local.endpoint.control.estate import Estate, already_there, arn
from app.local.endpoint.control.rollouts import RollOut, traffic_steps
from app.local.endpoint.errors import EndpointError
from app.local.endpoint.fleets.fleet import Fleet
from app.local.endpoint.fleets.live import LiveEndpoint
from app.local.endpoint.fleets.running import ContainerRunner

UPDATABLE = ("InService", "UpdateRollbackFailed")


class Endpoints:
    """The endpoints of the estate. What takes time goes on after the answer, as on SageMaker."""

    def __init__(self, estate: Estate, config: EndpointConfig, runner: ContainerRunner) -> None:
        self._estate, self._config, self._runner = estate, config, runner

    async def create(self, said: Shape) -> Shape:
        shape = asked(NewEndpointShape, said)
        if shape.endpoint_name in self._estate.endpoints:
            raise already_there("Endpoint", shape.endpoint_name)
        fleet, now = deploy(self._estate, self._config, shape.endpoint_config_name), time.time()
        live = LiveEndpoint(shape.endpoint_name, fleet, now, now, "Creating")
        self._estate.endpoints[live.name] = live
        self._begin(live, self._start(live))
        return {"EndpointArn": arn("Endpoint", live.name)}

    async def describe(self, said: Shape) -> Shape:
        return described(self._estate.live(str(said.get("EndpointName"))))

    async def update(self, said: Shape) -> Shape:
        """The roll-out. The configurations of both fleets have to be there, as SageMaker wants it."""
        shape = asked(UpdateShape, said)
        live = self._updatable(shape.endpoint_name)
        self._estate.find("EndpointConfig", live.fleet.config)
        new = deploy(self._estate, self._config, shape.endpoint_config_name)
        if shape.retain_all_variant_properties:
            _retain(
                live.fleet,
                new,
                {each.variant_property_type for each in shape.exclude_retained_variant_properties},
            )
        if not shape.retain_deployment_config:
            deployment = said.get("DeploymentConfig")
            live.deployment = deployment if isinstance(deployment, dict) else {}
        roll_out = self._roll_out(live, new)
        live.coming, live.share, live.reason = new, 0.0, ""
        live.set_status("Updating")
        self._begin(live, roll_out.run(new))
        return {"EndpointArn": arn("Endpoint", live.name)}

    async def update_weights(self, said: Shape) -> Shape:
        """At once: instances need no time here."""
        shape = asked(WeightsShape, said)
        live = self._updatable(shape.endpoint_name)
        variants = {each.name: each for each in live.fleet.variants}
        wanted = shape.desired_weights_and_capacities
        if unknown := [each.variant_name for each in wanted if each.variant_name not in variants]:
            raise refused(f"Could not find variant {unknown[0]} of endpoint {live.name}.")
        for each in wanted:
            variant = variants[each.variant_name]
            variant.weight = variant.weight if each.desired_weight is None else each.desired_weight
            count = each.desired_instance_count
            variant.instances = variant.instances if count is None else count
        live.set_status("InService")
        return {"EndpointArn": arn("Endpoint", live.name)}

    async def delete(self, said: Shape) -> Shape:
        live = self._estate.live(str(said.get("EndpointName")))
        if live.status in ("Creating", "Updating", "RollingBack"):
            raise refused(f'Cannot update in-progress endpoint "{arn("Endpoint", live.name)}".')
        del self._estate.endpoints[live.name]
        return {}

    def close(self) -> None:
        """End what is under way."""
        for live in self._estate.endpoints.values():
            if live.task is not None:
                live.task.cancel()

    async def _start(self, live: LiveEndpoint) -> None:
        try:
            await self._load(live.fleet)
        except EndpointError as error:
            live.reason = error.message or ""
            live.set_status("Failed")
        else:
            live.set_status("InService")

    async def _load(self, fleet: Fleet) -> None:
        for variant in fleet.variants:
            if variant.runs is not None:
                await self._runner.load(fleet, variant.runs)

    def _updatable(self, name: str) -> LiveEndpoint:
        live = self._estate.live(name)
        if live.status not in UPDATABLE:
            raise refused(f'Cannot update in-progress endpoint "{arn("Endpoint", name)}".')
        return live

    def _roll_out(self, live: LiveEndpoint, new: Fleet) -> RollOut:
        deployment = asked(DeploymentShape, live.deployment) if live.deployment else None
        return RollOut(
            live,
            traffic_steps(deployment, sum(each.instances for each in new.variants)),
            self._load,
            self._config.pause,
            watched=deployment is not None and bool(deployment.auto_rollback_configuration.alarms),
            keeps_old=deployment is None or deployment.rolling_update_policy is None,
        )

    def _begin(self, live: LiveEndpoint, work: Coroutine[None, None, None]) -> None:
        live.task = asyncio.get_running_loop().create_task(work)


def _retain(old: Fleet, new: Fleet, excluded: set[str]) -> None:
    """Variants that both have keep their weight and instances, the endpoint its data capture."""
    before = {each.name: each for each in old.variants}
    for variant in new.variants:
        if variant.name in before and "DesiredWeight" not in excluded:
            variant.weight = before[variant.name].weight
        if variant.name in before and "DesiredInstanceCount" not in excluded:
            variant.instances = before[variant.name].instances
    if "DataCaptureConfig" not in excluded:
        new.capture = old.capture
        kept = (
            {"DataCaptureConfig": old.about["DataCaptureConfig"]} if "DataCaptureConfig" in old.about else {}
        )
        new.about = {**new.about, **kept}
