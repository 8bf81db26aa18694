"""Inference components: models that share the instances of a variant."""

import time

from app.local.endpoint.control.asked import (
    ComponentShape,
    NewCopiesShape,
    Shape,
    SpecificationShape,
    asked,
    refused,
)
from app.local.endpoint.control.deploying import container_at, hosted
from app.local.endpoint.control.estate import Estate, arn
from app.local.endpoint.fleets.fleet import HostedContainers
from app.local.endpoint.fleets.live import LiveComponent, LiveEndpoint

KIND = "InferenceComponent"


class InferenceComponents:
    """Those of all endpoints. Nothing takes time here: they are in service at once, whatever they run is
    loaded at the first call."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    async def create(self, said: Shape) -> Shape:
        shape = asked(ComponentShape, said)
        live = self._estate.live(shape.endpoint_name)
        name, now = shape.inference_component_name, time.time()
        variant = next((each for each in live.fleet.variants if each.name == shape.variant_name), None)
        if variant is None or variant.runs is not None:
            raise refused(
                f"Variant {shape.variant_name} of endpoint {live.name} hosts no inference components."
            )
        runs = self._runs(name, shape.specification)
        specification = _summary(said["Specification"], now)
        about: Shape = {
            **{member: said[member] for member in ("InferenceComponentName", "EndpointName", "VariantName")},
            "EndpointArn": arn("Endpoint", live.name),
            "InferenceComponentStatus": "InService",
            "LastModifiedTime": now,
            "Specification": specification,
        }
        added = self._estate.add(KIND, name, about, now)
        live.components[name] = LiveComponent(variant.name, runs, shape.runtime_config.copy_count)
        return added

    async def describe(self, said: Shape) -> Shape:
        name = str(said.get("InferenceComponentName"))
        about, copies = self._estate.find(KIND, name), self._live(name).components[name].copies
        counts: Shape = {"DesiredCopyCount": copies, "CurrentCopyCount": copies}
        return {**about, "RuntimeConfig": counts}

    async def update_copies(self, said: Shape) -> Shape:
        """UpdateInferenceComponentRuntimeConfig; 0 copies is scaled to zero."""
        shape = asked(NewCopiesShape, said)
        name = shape.inference_component_name
        about = self._estate.find(KIND, name)
        self._live(name).components[name].copies = shape.desired_runtime_config.copy_count
        self._estate.resources[KIND, name] = {**about, "LastModifiedTime": time.time()}
        return {"InferenceComponentArn": arn(KIND, name)}

    async def delete(self, said: Shape) -> Shape:
        name = str(said.get("InferenceComponentName"))
        del self._live(name).components[name]
        return self._estate.remove(KIND, name)

    def _live(self, name: str) -> LiveEndpoint:
        return self._estate.live(str(self._estate.find(KIND, name)["EndpointName"]))

    def _runs(self, name: str, shape: SpecificationShape) -> HostedContainers:
        if shape.model_name is not None:
            return hosted(self._estate, shape.model_name)
        url = shape.container.artifact_url if shape.container else None
        return HostedContainers(name, (container_at(self._estate, name, url),))


def _summary(said: object, now: float) -> Shape:
    """What is described of a specification: the image of its container as it was deployed."""
    assert isinstance(said, dict)  # its shape was checked
    container = said.get("Container")
    if not isinstance(container, dict):
        return dict(said)
    image = container.get("Image", "")
    deployed = {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now}
    rest = {member: value for member, value in container.items() if member != "Image"}
    return {**said, "Container": {**rest, "DeployedImage": deployed}}
