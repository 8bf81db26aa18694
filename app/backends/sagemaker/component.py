"""What an inference component runs. Blocking."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from app.backends.sagemaker.control import ControlPlane
from app.backends.sagemaker.endpoint import Running, running
from app.backends.sagemaker.identity import containers_of, resolved
from app.core.errors import BackendDown

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        ContainerDefinitionOutputTypeDef,
        DescribeInferenceComponentOutputTypeDef,
        InferenceComponentContainerSpecificationSummaryTypeDef,
        InferenceComponentSpecificationSummaryTypeDef,
    )

NOT_IN_SERVICE = {"Creating", "Failed", "Deleting"}


@dataclass(frozen=True)
class Component:
    """A component in service; ``pending`` while that changes. ``runs`` None: it does not say what."""

    runs: Running | None
    variant: str
    pending: bool
    surroundings: str
    changed: str


def describe(control: ControlPlane, name: str) -> Component | None:
    """What it has in service; None where we may not ask. BackendDown where it is not in service."""
    found = control.component(name)
    if found is None:
        return None
    status = found["InferenceComponentStatus"]
    if status in NOT_IN_SERVICE:
        raise BackendDown(f"SageMaker inference component {name!r} is not in service: {status}.")
    copies, changed = found.get("RuntimeConfig", {}), found.get("LastModifiedTime")
    return Component(
        _running(control, name, found),
        found.get("VariantName", ""),
        pending=status != "InService",
        surroundings=f"{copies.get('DesiredCopyCount')} {copies.get('CurrentCopyCount')}",
        changed=changed.astimezone(UTC).isoformat() if changed else "",
    )


def _running(
    control: ControlPlane, name: str, found: "DescribeInferenceComponentOutputTypeDef"
) -> Running | None:
    """An adapter runs on what its base component runs, which makes the answers as well."""
    parts = [_part(control, name, each) for each in _specifications(found)]
    known = [part for part in parts if part is not None]
    if not known:
        return None
    revision = " and ".join(sorted({part.revision for part in known}))
    unclear = any(part.unclear for part in known)
    return Running(revision, known[0].name, unclear, known[0].containers)


def _specifications(
    found: "DescribeInferenceComponentOutputTypeDef",
) -> Sequence["InferenceComponentSpecificationSummaryTypeDef"]:
    """One, or one for each type of instance."""
    one = found.get("Specification")
    return [one] if one else found.get("Specifications", [])


def _part(
    control: ControlPlane, name: str, runs: "InferenceComponentSpecificationSummaryTypeDef"
) -> Running | None:
    container, model_name = runs.get("Container", {}), runs.get("ModelName", "")
    image = container.get("DeployedImage", {})
    since = [image["ResolutionTime"]] if "ResolutionTime" in image else []
    own: Running | None = None
    if model_name:
        model = control.model(model_name)
        own = Running(model_name, model_name)
        if model:
            own = running(control, model_name, containers_of(model), resolved([image]), "", since)
    elif container:
        own = running(control, name, [_as_of_a_model(container)], {}, "", since)
    base = runs.get("BaseInferenceComponentName")
    below = describe(control, base) if base else None
    if own is None or below is None or below.runs is None:
        return own
    unclear = own.unclear or below.runs.unclear
    return Running(f"{own.revision} on {below.runs.revision}", unclear=unclear)


def _as_of_a_model(
    container: "InferenceComponentContainerSpecificationSummaryTypeDef",
) -> "ContainerDefinitionOutputTypeDef":
    image = container.get("DeployedImage", {})
    described: ContainerDefinitionOutputTypeDef = {
        "Image": image.get("ResolvedImage") or image.get("SpecifiedImage", ""),
        "Environment": container.get("Environment", {}),
    }
    if "ArtifactUrl" in container:
        described["ModelDataUrl"] = container["ArtifactUrl"]
    return described
