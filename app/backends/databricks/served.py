"""What a Databricks serving endpoint has deployed, from its workspace's REST API (Serving endpoints: get)."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from app.backends.base import missing
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


class _State(BaseModel):
    ready: str = "READY"


class _PendingConfig(BaseModel):
    served_entities: list[_Entity] = []


class _ServingEndpoint(BaseModel):
    """``config`` is what is served now, ``pending_config`` what an update brings until it is done."""

    config: _Config
    pending_config: _PendingConfig | None = None
    state: _State = _State()


class ServedEntities:
    """Asks the API at ``address`` what the endpoint serves; ``only`` is the one entity that matters."""

    def __init__(self, what: str, address: str, auth: Auth, only: str | None) -> None:
        self._what, self._address, self._only = what, address, only
        own: Statuses = {403: _forbidden, 404: NO_ENDPOINT}
        self._http = HttpClient(
            what, auth, 1, statuses=own, expired=is_expired, names="endpoint", infers=False
        )
        self._looking = asyncio.Lock()
        self._tells: dict[str, bool] = {}

    async def revision(self) -> str | None:
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
        entities = [each for each in endpoint.config.served_entities if self._matters(each, endpoint.config)]
        if not entities:
            raise self._nobody(endpoint)
        self._tells |= {each.name: len(entities) == 1 and each.revision() == each.name for each in entities}
        return " and ".join(sorted(each.revision() for each in entities))

    def _nobody(self, endpoint: _ServingEndpoint) -> BackendError:
        pending = endpoint.pending_config.served_entities if endpoint.pending_config else []
        if self._only is None:
            return BackendRefused(f"{self._what} serves no model.")
        if self._only in {each.name for each in pending}:
            return BackendDown(f"{self._what}: the served_entity of the options is being deployed.")
        return missing(self._what, "served_entity", "the endpoint serves none of this name")

    def _matters(self, entity: _Entity, config: _Config) -> bool:
        if self._only:
            return entity.name == self._only
        idle = {route.entity for route in config.traffic_config.routes if not route.traffic_percentage}
        return entity.name not in idle

    async def answered_by(self, name: str, timeout: float) -> str | None:
        """The revision behind the name of what answered; None if it does not tell.

        A name that somebody chose stays when the version changes, and where several entities share the
        traffic none of their names is the endpoint's revision. The workspace is asked about each name once.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout), self._looking:
                if name not in self._tells:
                    await self._look_for(name)
        return name if self._tells.get(name) else None

    async def _look_for(self, name: str) -> None:
        self._tells[name] = False  # stays where the look fails or takes too long: predictions go on without
        with suppress(BackendError):
            if await self.revision() is None:  # its name is all that we may know
                self._tells[name] = True

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
