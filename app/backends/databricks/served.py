"""What a Databricks serving endpoint has deployed, from its workspace's REST API (Serving endpoints: get)."""

from collections.abc import Mapping

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from app.backends.base import Deployed, missing
from app.backends.databricks.auth import is_expired
from app.backends.http.auth import Auth
from app.backends.http.client import HttpClient
from app.backends.http.errors import STATUSES, FaultBody, Meaning, Statuses, may_not_look, no_such
from app.core.errors import BackendDown, BackendError, BackendRefused, BadOutput

TIMEOUT = 5.0
"""Seconds for a look."""


class _Entity(BaseModel):
    name: str
    entity_version: str | None = None

    def revision(self) -> str:
        """Its name, which ends in the version unless somebody chose it; then the version follows."""
        if self.entity_version is None or self.name.endswith(f"-{self.entity_version}"):
            return self.name
        return f"{self.name} version {self.entity_version}"


class _Route(BaseModel):
    entity: str = Field(validation_alias=AliasChoices("served_entity_name", "served_model_name"))
    traffic_percentage: int


class _Traffic(BaseModel):
    routes: list[_Route] = []


class _Config(BaseModel):
    served_entities: list[_Entity]
    traffic_config: _Traffic = _Traffic()
    config_version: int | None = None

    def of(self, only: str | None) -> dict[str, str]:
        """The revisions of those that take traffic, or of ``only`` one, by their names."""
        idle = {route.entity for route in self.traffic_config.routes if not route.traffic_percentage}
        wanted = {only} if only else {each.name for each in self.served_entities} - idle
        return {each.name: each.revision() for each in self.served_entities if each.name in wanted}


class _PendingConfig(BaseModel):
    served_entities: list[_Entity] = []

    def of(self, only: str | None) -> dict[str, str]:
        """As of a config; traffic that is to come is not told apart."""
        return {each.name: each.revision() for each in self.served_entities if only in (None, each.name)}


class _State(BaseModel):
    ready: str = "READY"
    config_update: str = "IN_PROGRESS"


class _ServingEndpoint(BaseModel):
    """``config`` is what is served now, ``pending_config`` what an update brings until it is done."""

    config: _Config
    pending_config: _PendingConfig | None = None
    state: _State = _State()

    def arriving(self, only: str | None) -> dict[str, str]:
        """The revisions that an update under way brings, by their names."""
        under_way = self.state.config_update == "IN_PROGRESS"
        return self.pending_config.of(only) if self.pending_config and under_way else {}


class ServedEntities:
    """Asks the API at ``address`` what the endpoint serves; ``only`` is the one entity that matters."""

    def __init__(self, what: str, address: str, auth: Auth, only: str | None) -> None:
        self._what, self._address, self._only = what, address, only
        own: Statuses = {403: _forbidden, 404: NO_ENDPOINT}
        self._http = HttpClient(
            what, auth, 1, statuses=own, expired=is_expired, names="endpoint", infers=False
        )

    async def look(self) -> Deployed | None:
        """What takes the endpoint's traffic; None where we may not view it. Raises BackendError."""
        reply = await self._http.look(self._address, TIMEOUT)
        if reply is None:
            return None
        try:
            endpoint = _ServingEndpoint.model_validate_json(reply.body)
        except ValidationError as error:
            raise BadOutput(f"{self._what}: the workspace's description of it cannot be read.") from error
        if endpoint.state.ready != "READY":
            raise BackendDown(f"{self._what} is not ready.")
        return self._deployed(endpoint)

    def _deployed(self, endpoint: _ServingEndpoint) -> Deployed:
        """The names of what is still being deployed are known, too: replies may bear them before the next
        look. A name that is to stand for another revision tells neither until then."""
        now, soon = endpoint.config.of(self._only), endpoint.arriving(self._only)
        if not now:
            raise self._nobody(endpoint)
        return Deployed(
            frozenset(now.values()),
            variants=soon | now,
            pending=any(soon.get(name, now[name]) != now[name] for name in now),
            surroundings=endpoint.config.traffic_config.model_dump_json(),
            changed=str(endpoint.config.config_version or ""),
        )

    def _nobody(self, endpoint: _ServingEndpoint) -> BackendError:
        if self._only is None:
            return BackendRefused(f"{self._what} serves no model.")
        if endpoint.arriving(self._only):
            return BackendDown(f"{self._what}: the served_entity of the options is being deployed.")
        return missing(self._what, "served_entity", "the endpoint serves none of this name")

    async def aclose(self) -> None:
        await self._http.aclose()


def _does_not_exist(fault: FaultBody) -> bool:
    """ENDPOINT_NOT_FOUND is also said of a path that the workspace's API does not have."""
    return fault.get("error_code") == "RESOURCE_DOES_NOT_EXIST" or (
        fault.get("error_code") == "ENDPOINT_NOT_FOUND" and "does not exist" in str(fault.get("message"))
    )


NO_ENDPOINT = no_such("there is no such serving endpoint or served entity.", _does_not_exist)


def _forbidden(headers: Mapping[str, str], body: bytes) -> Meaning:
    return STATUSES[401] if b"Invalid access token" in body else may_not_look(headers, body)
