"""What an inference component runs. Blocking."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from app.backends.sagemaker.looks.control import ControlCalls
from app.backends.sagemaker.looks.endpoint import Running, running
from app.backends.sagemaker.looks.identity import containers_of, resolved
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


class Components:
    """The components of one look: each is asked about once, however many adapters run on it."""

    def __init__(self, control: ControlCalls) -> None:
        self._control = control
        self._found: dict[str, Component | None] = {}

    def describe(self, name: str) -> Component | None:
        """What it has in service; None where we may not ask. BackendDown where it is not in service."""
        if name not in self._found:
            self._found[name] = None  # of a circle, which AWS does not allow
            self._found[name] = _described(self._control, name, self)
        return self._found[name]


def _described(control: ControlCalls, name: str, others: Components) -> Component | None:
    found = control.component(name)
    if found is None:
        return None
    status = found["InferenceComponentStatus"]
    if status in NOT_IN_SERVICE:
        raise BackendDown(f"SageMaker inference component {name!r} is not in service: {status}.")
    copies, changed = found.get("RuntimeConfig", {}), found.get("LastModifiedTime")
    bases = [base for base in _bases(found, others) if base is not None]
    return Component(
        _running(control, name, found, others),
        found.get("VariantName", ""),
        pending=status != "InService" or any(base.pending for base in bases),
        surroundings=f"{copies.get('DesiredCopyCount')} {copies.get('CurrentCopyCount')}",
        changed=" ".join(
            [changed.astimezone(UTC).isoformat() if changed else "", *(b.changed for b in bases)]
        ),
    )


def _bases(
    found: "DescribeInferenceComponentOutputTypeDef", others: Components
) -> Iterator[Component | None]:
    for each in _specifications(found):
        if base := each.get("BaseInferenceComponentName"):
            yield others.describe(base)


def _running(
    control: ControlCalls,
    name: str,
    found: "DescribeInferenceComponentOutputTypeDef",
    others: Components,
) -> Running | None:
    """An adapter runs on what its base component runs, which makes the answers as well."""
    parts = [_part(control, name, each, others) for each in _specifications(found)]
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
    control: ControlCalls,
    name: str,
    runs: "InferenceComponentSpecificationSummaryTypeDef",
    others: Components,
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
    below = others.describe(base) if base else None
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
