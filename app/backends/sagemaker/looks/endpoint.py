"""What an endpoint has in service, told apart by what makes the answers. Blocking."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import JsonValue

from app.backends.sagemaker.looks import artifacts, identity
from app.backends.sagemaker.looks.control import ControlCalls
from app.core.errors import BackendDown

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        ContainerDefinitionOutputTypeDef,
        DescribeEndpointConfigOutputTypeDef,
        DescribeEndpointOutputTypeDef,
        ProductionVariantSummaryTypeDef,
    )

NOT_IN_SERVICE = {"Creating", "OutOfService", "Failed", "Deleting"}
"""Statuses without anything that answers. While the others but InService last, it may be this or that."""
SCALED = (
    *("DesiredInstanceCount", "CurrentInstanceCount", "DesiredWeight", "CurrentWeight"),
    *("DesiredServerlessConfig", "CurrentServerlessConfig"),
)


@dataclass(frozen=True)
class Running:
    """A model that is in service, as its ``revision`` tells it from others.

    ``unclear``: its artifact was replaced after it was deployed. Instances that were added since have
    another one than the rest.
    """

    revision: str
    name: str = ""
    """Of the model (CreateModel); empty where it is not known."""
    unclear: bool = False
    containers: Sequence["ContainerDefinitionOutputTypeDef"] = ()
    """None where they cannot be seen, and the revision is that of what surrounds them."""
    is_direct: bool = False
    """A call asks one of the containers, by its name; else all of them, one after the other."""
    by_container: Mapping[str, str] = field(default_factory=dict)
    """The revision of each container alone, by its name."""

    def of_container(self, name: str) -> "Running":
        """What a call asks that names this container, one of ``by_container``."""
        alone = [each for each in self.containers if each.get("ContainerHostname") == name]
        return replace(self, revision=self.by_container[name], containers=alone)

    @property
    def is_multi_model(self) -> bool:
        return any(container.get("Mode") == "MultiModel" for container in self.containers[:1])

    @property
    def target_prefix(self) -> str:
        """The address below which its target models are; empty if not known."""
        return next(map(identity.artifact_url, self.containers), "")

    def of_target(self, etag: str, config: str) -> str:
        """The revision of one of its target models, given the ETag of its artifact, empty if not known."""
        return " ".join(filter(None, (self.revision, etag or (config if self.containers else ""))))


@dataclass(frozen=True)
class Variant:
    """A production variant, and what it runs."""

    name: str
    takes_traffic: bool
    runs: Running
    is_serverless: bool = False


@dataclass(frozen=True)
class DescribedEndpoint:
    """An endpoint in service; ``pending`` while that changes. ``config`` is its configuration's name."""

    config: str
    variants: tuple[Variant, ...]
    pending: bool
    surroundings: str
    changed: str
    explains: bool = False
    """It has a SageMaker Clarify explainer."""
    is_asynchronous: bool = False


def describe(control: ControlCalls, name: str) -> DescribedEndpoint | None:
    """What it has in service; None where we may not ask. BackendDown where it is not in service."""
    found = control.endpoint(name)
    if found is None:
        return None
    if found["EndpointStatus"] in NOT_IN_SERVICE:
        raise BackendDown(f"SageMaker endpoint {name!r} is not in service: {found['EndpointStatus']}.")
    changed = found.get("LastModifiedTime")
    return DescribedEndpoint(
        found["EndpointConfigName"],
        tuple(_variants(control, found)),
        pending=found["EndpointStatus"] != "InService" or bool(found.get("PendingDeploymentSummary")),
        surroundings=f"{found['EndpointConfigName']} {_surroundings(found.get('ProductionVariants', []))}",
        changed=changed.astimezone(UTC).isoformat() if changed else "",
        explains="ExplainerConfig" in found,
        is_asynchronous="AsyncInferenceConfig" in found,
    )


def _surroundings(variants: Sequence["ProductionVariantSummaryTypeDef"]) -> str:
    """What scaling and moving weights change, and no deployment does."""
    scaled = [[each["VariantName"], *(each.get(name) for name in SCALED)] for each in variants]
    return json.dumps(scaled, default=str)


def _variants(control: ControlCalls, found: "DescribeEndpointOutputTypeDef") -> list[Variant]:
    config_name = found["EndpointConfigName"]
    config = control.config(config_name)
    configured = (
        {each["VariantName"]: each for each in config.get("ProductionVariants", [])} if config else {}
    )
    summaries: Sequence[ProductionVariantSummaryTypeDef] = found.get("ProductionVariants", [])
    if not summaries:  # of a stand-in
        summaries = [{"VariantName": name} for name in configured]
    models = {each.get("ModelName", "") for each in configured.values()} - {""}
    described = {name: control.model(name) for name in sorted(models)}
    since = _times(found, config)
    variants = []
    for summary in summaries:
        name = summary["VariantName"]
        model_name = configured[name].get("ModelName", "") if name in configured else ""
        images = summary.get("DeployedImages", [])
        seen = since + [image["ResolutionTime"] for image in images if "ResolutionTime" in image]
        runs = Running(config_name if len(summaries) == 1 else f"{config_name} {name}", model_name)
        if model := described.get(model_name):
            containers = identity.containers_of(model)
            runs = running(control, model_name, containers, identity.resolved(images), config_name, seen)
            runs = replace(
                runs,
                unclear=runs.unclear or _is_later(model.get("CreationTime"), seen),
                is_direct=identity.are_called_directly(model),
            )
        is_serverless = "CurrentServerlessConfig" in summary or "ServerlessConfig" in configured.get(name, {})
        variants.append(Variant(name, _weight(summary) != 0, runs, is_serverless))
    return variants


def _times(
    endpoint: "DescribeEndpointOutputTypeDef", config: "DescribeEndpointConfigOutputTypeDef | None"
) -> list[datetime]:
    """Times of which none is after the deployment."""
    times = (endpoint.get("CreationTime"), config.get("CreationTime") if config else None)
    return [time for time in times if time is not None]


def _weight(variant: "ProductionVariantSummaryTypeDef") -> float:
    return variant.get("CurrentWeight", variant.get("DesiredWeight", 1.0))


def running(
    control: ControlCalls,
    name: str,
    containers: Sequence["ContainerDefinitionOutputTypeDef"],
    images: Mapping[str, str],
    config: str,
    times: Sequence[datetime],
) -> Running:
    """The model with these containers. The configuration's name stands in where an artifact cannot be seen:
    a deployment of another one under the same name would go unnoticed."""
    parts: list[JsonValue] = []
    hidden, unclear = any(map(identity.has_hidden_sources, containers)), False
    for container in containers:
        content = identity.content(container, images)
        urls = {"ETag": identity.single_artifact(container), "ScriptETag": identity.script_url(container)}
        for part, url in urls.items():
            if not url:
                continue
            artifact = artifacts.look(control, url)
            content[part] = artifact.etag if artifact else None
            hidden = hidden or artifact is None
            unclear = unclear or _is_after(artifact, times)
        parts.append(content)
    beside = f" {config}" if hidden and config else ""
    alone = {
        container["ContainerHostname"]: f"{name} {identity.digest([part])}{beside}"
        for container, part in zip(containers, parts, strict=True)
        if "ContainerHostname" in container
    }
    told = f"{name} {identity.digest(parts)}{beside}"
    return Running(told, name, unclear, containers, by_container=alone)


def _is_after(artifact: artifacts.StoredArtifact | None, times: Sequence[datetime]) -> bool:
    return _is_later(artifact.modified if artifact else None, times)


def _is_later(made: datetime | None, times: Sequence[datetime]) -> bool:
    """Whether it was made after a deployment, none of whose times is later: another one runs there."""
    return made is not None and bool(times) and made > max(times)
