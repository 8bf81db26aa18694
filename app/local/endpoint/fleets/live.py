"""An endpoint as it is now: its fleets, its inference components, and whom a call goes to."""

import asyncio
import time
from dataclasses import dataclass, field

from pydantic import JsonValue

from app.local.endpoint.errors import ACCOUNT, validation_error
from app.local.endpoint.fleets.fleet import Fleet, FleetVariant, HostedContainers
from app.local.endpoint.fleets.turns import Turns

NO_COPY = (
    "Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress "
    "(if configured) or try to increase the capacity by invoking UpdateInferenceComponentRuntimeConfig API."
)


@dataclass
class LiveComponent:
    """An inference component on a variant; ``copies`` 0: it is scaled to zero."""

    variant: str
    runs: HostedContainers
    copies: int


@dataclass
class LiveEndpoint:
    """Its fleet in service and, while an update shifts traffic, the new one with ``share`` of the calls."""

    name: str
    fleet: Fleet
    created: float
    changed: float
    status: str = "InService"
    new: Fleet | None = None
    share: float = 0.0
    coming: Fleet | None = None
    """The new fleet from the beginning of an update on, when nothing of it answers yet."""
    reason: str = ""
    """Why the last update failed."""
    components: dict[str, LiveComponent] = field(default_factory=dict)
    deployment: dict[str, JsonValue] = field(default_factory=dict)
    """The DeploymentConfig of the last update, as it was said."""
    task: asyncio.Task[None] | None = None
    """What is under way: the start, or an update."""
    _turns: Turns[tuple[int, str]] = field(default_factory=Turns)
    _of_variant: dict[str, Turns[tuple[int, str]]] = field(default_factory=dict)

    @property
    def hosts_components(self) -> bool:
        """Whether its variants run inference components rather than models of their own."""
        return any(variant.runs is None for variant in self.fleet.variants)

    def set_status(self, status: str) -> None:
        self.status, self.changed = status, time.time()

    def pick(self, variant: str | None) -> tuple[Fleet, FleetVariant]:
        """Who answers a call: the variant that it names, or one by weight; of the old fleet or the new."""
        found = {
            (fleet.number, each.name): (fleet, each, part * (1.0 if variant else fleet.weight_of(each)))
            for fleet, part in self._parts()
            if part
            for each in fleet.variants
            if variant in (None, each.name)
        }
        if variant and not found:
            raise validation_error(f"Variant {variant} not found for endpoint {self.name}.")
        turns = self._of_variant.setdefault(variant, Turns()) if variant else self._turns
        chosen = turns.next({key: weight for key, (_, _, weight) in found.items()})
        if chosen is None:
            raise validation_error(f"Endpoint {self.name} has no variant that takes traffic.")
        fleet, each, _ = found[chosen]
        return fleet, each

    def component(self, name: str) -> LiveComponent:
        """The one that a call names. ValidationError where it is not there or has no copy."""
        if name not in self.components:
            raise validation_error(f"Inference Component {name} of account {ACCOUNT} not found.")
        found = self.components[name]
        if not found.copies:
            raise validation_error(NO_COPY)
        return found

    def _parts(self) -> list[tuple[Fleet, float]]:
        if self.new is None:
            return [(self.fleet, 1.0)]
        return [(self.fleet, 1.0 - self.share), (self.new, self.share)]
