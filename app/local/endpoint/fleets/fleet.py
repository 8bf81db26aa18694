"""What is deployed: containers, variants of them, and the fleet of one endpoint configuration."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from app.local.endpoint.artifacts.sources import Source
from app.local.endpoint.errors import validation_error
from app.local.endpoint.fleets.capture import Capture
from app.local.endpoint.fleets.serverless import Environments
from app.local.endpoint.request import not_this_kind

PRIMARY = "primary"
"""What SageMaker calls the one container of a model that gives it no name."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class HostedContainer:
    """A container that runs one artifact or, where ``only`` is None, the target model of the call."""

    name: str
    source: Source
    only: str | None


@dataclass(frozen=True)
class HostedContainers:
    """Those of one model: all of them in their order, or with ``direct`` the one that the caller names."""

    model: str
    containers: tuple[HostedContainer, ...]
    direct: bool = False

    @property
    def takes_target_models(self) -> bool:
        return any(container.only is None for container in self.containers)

    def named(self, hostname: str | None, endpoint: str, request_id: str) -> Sequence[HostedContainer]:
        """Those that answer a call. ValidationError where it names one that is not there, or none at all."""
        if not self.direct:
            if hostname is not None:
                raise not_this_kind(endpoint, "a multi-container endpoint", "target-container-hostname")
            return self.containers
        if hostname is None:
            raise validation_error(f"Request {request_id} is missing a target container hostname header.")
        found = [container for container in self.containers if container.name == hostname]
        if not found:
            raise validation_error(f"Target container {hostname} not found for endpoint {endpoint}.")
        return found


@dataclass
class FleetVariant:
    """A production variant. ``runs`` None: inference components run on it."""

    name: str
    runs: HostedContainers | None
    weight: float = 1.0
    instances: int = 1
    environments: Environments | None = None
    """Of a serverless variant."""
    about: Mapping[str, JsonValue] = field(default_factory=dict)
    """Further members of its description."""


@dataclass
class Fleet:
    """The instances of one endpoint configuration. Each fleet fetches its artifacts for itself."""

    config: str
    variants: Sequence[FleetVariant]
    started: float
    about: Mapping[str, JsonValue] = field(default_factory=dict)
    """Members that the endpoint's description has of it."""
    capture: Capture | None = None
    on_failure: Callable[[], None] | None = None
    """Called when one of its models fails, as an alarm on the endpoint's 5xx errors would go off."""
    number: int = field(default_factory=lambda: next(_numbers))

    def weight_of(self, variant: FleetVariant) -> float:
        """Its part of the fleet's calls."""
        total = sum(each.weight for each in self.variants)
        return variant.weight / total if total else 0.0

    def again(self) -> "Fleet":
        """The same on new instances, which have fetched nothing yet."""
        return replace(self, number=next(_numbers))

    def failed(self) -> None:
        if self.on_failure is not None:
            self.on_failure()
