"""Models behind MLflow's own scoring server (``mlflow models serve``) or a container built by it."""

from collections.abc import Sequence
from typing import Annotated, Self
from urllib.parse import quote, urlencode

from pydantic import Field, model_validator

from app.backends.base import Deployed, GivenName, Limits, Reply, sole
from app.backends.http.auth import from_environment, secret_name
from app.backends.http.client import HttpClient
from app.backends.http.errors import LOOKS, STATUSES, FaultBody, Statuses, no_such
from app.backends.wire.addresses import HttpAddress
from app.backends.wire.mlflow_bodies import MlflowBody
from app.backends.wire.replies import json_object
from app.core.errors import BadOutput
from app.core.hosts import Hosts
from app.schemas.payloads import Payload
from app.schemas.rows import Row

REGISTRY_TIMEOUT = 10.0
"""Seconds."""


class Options(MlflowBody):
    """Where the scoring server is, and which version it has loaded."""

    url: HttpAddress
    """The server's address; rows go to its /invocations."""
    token_env: Annotated[str, secret_name("MLFLOW")] | None = None
    """The environment variable that holds a bearer token, for servers behind a proxy that wants one."""
    version: GivenName | None = None
    """What the server has loaded, as the revision of its predictions: the server itself does not say."""
    registry_url: HttpAddress | None = None
    """A tracking server, which tells the version behind ``registered_model`` and ``alias`` once, when this
    version is registered. A scoring server keeps what it loaded at its start, whatever the alias does later:
    if it moves, restart the server and register a new version."""
    registered_model: GivenName | None = None
    """The model's name in the registry."""
    alias: GivenName | None = None
    """The alias, such as champion."""
    max_rows: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Most rows in one call."""
    max_bytes: Annotated[int, Field(ge=1024, le=100_000_000)] = 10_000_000
    """Largest request body; MLflow has no limit of its own."""

    @model_validator(mode="after")
    def _version_or_alias(self) -> Self:
        alias = (self.registry_url, self.registered_model, self.alias)
        if any(alias) and not all(alias):
            raise ValueError("registry_url, registered_model and alias belong together")
        if self.version and self.alias:
            raise ValueError("give version or alias, not both")
        return self


def _is_unknown(fault: FaultBody) -> bool:
    """As MLflow 3.17 says it of a model and of an alias, which to it is a wrong value of a parameter."""
    alias = str(fault.get("message")).startswith("Registered model alias")
    return fault.get("error_code") == "RESOURCE_DOES_NOT_EXIST" or alias


OF_REGISTRY: Statuses = {
    status: no_such("the registry has no such model, or no such alias of it.", _is_unknown, otherwise=other)
    for status, other in ((400, LOOKS[400]), (404, STATUSES[404]))
}


class MlflowBackend:
    """Speaks MLflow's scoring protocol, as its page on deployment describes it.

    A server has one model and no name for it: its 404 is that of a wrong path, or of a proxy.
    """

    def __init__(self, options: Options, features: Sequence[str], concurrency: int) -> None:
        self._options, self._exchange = options, options.exchange(features, options.max_rows)
        auth = from_environment(options.token_env)
        self._server = HttpClient("MLflow model server", auth, concurrency)
        self._health = HttpClient("MLflow model server", auth, 1, infers=False)
        self._registry = HttpClient(
            "MLflow registry", auth, 1, statuses=OF_REGISTRY, names="alias", infers=False
        )
        self.limits = Limits(options.max_rows, options.max_bytes - self._exchange.overhead)
        self.longest_payload = options.max_bytes

    def row_bytes(self, row: Row) -> int:
        return self._exchange.row_bytes(row)

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        url, body = f"{self._options.url}/invocations", self._exchange.body(rows)
        reply = await self._server.post(url, body, timeout)
        return Reply(self._exchange.outputs(reply.body, reply.content_type, len(rows)))

    async def predict_payload(self, payload: Payload, timeout: float) -> Reply:
        reply = await self._server.post_payload(f"{self._options.url}/invocations", payload, timeout)
        return Reply([self._exchange.output(reply.body, reply.content_type)])

    async def look(self) -> Deployed | None:
        """The configured version, or the alias's; either way the server has to answer."""
        await self._health.get(f"{self._options.url}/ping", REGISTRY_TIMEOUT)
        if self._options.alias:
            return Deployed(frozenset({await self._behind_alias()}), at_registration=True)
        return sole(self._options.version)

    async def _behind_alias(self) -> str:
        query = urlencode(
            {"name": self._options.registered_model, "alias": self._options.alias}, quote_via=quote
        )
        path = "/api/2.0/mlflow/registered-models/alias"
        reply = await self._registry.get(f"{self._options.registry_url}{path}?{query}", REGISTRY_TIMEOUT)
        found = json_object(reply.body, reply.content_type).get("model_version")
        if not isinstance(found, dict) or not isinstance(found.get("version"), str):
            raise BadOutput("The MLflow registry named no version.")
        return f"{self._options.registered_model} {found['version']}"

    async def aclose(self) -> None:
        for client in (self._server, self._health, self._registry):
            await client.aclose()


def create(options: Options, features: Sequence[str], concurrency: int, hosts: Hosts) -> MlflowBackend:
    """Open the backend; nothing is called yet. Raises BackendRefused without the token the options name."""
    hosts.require(options.url, "url", options.token_env)
    if options.registry_url:
        hosts.require(options.registry_url, "registry_url", options.token_env)
    return MlflowBackend(options, features, concurrency)
