"""Models behind a Databricks Model Serving endpoint, which speaks MLflow's scoring protocol.

From the REST reference of Serving endpoints and the pages "Query serving endpoints for custom models", "Serve
multiple models to a model serving endpoint", "Query route-optimized serving endpoints" and "Model Serving
limits and regions": the model has 297 s for a call.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.backends.base import Deployed, Limits, Reply
from app.backends.databricks.auth import PRINCIPAL, ServicePrincipal, is_expired, may_query
from app.backends.databricks.served import NO_ENDPOINT, ServedEntities
from app.backends.http.auth import Auth, from_environment, secret_name
from app.backends.http.client import HttpClient
from app.backends.http.connections import HttpReply
from app.backends.wire.addresses import HttpsAddress
from app.backends.wire.mlflow_bodies import MlflowBody
from app.backends.wire.replies import Output
from app.core.hosts import Hosts
from app.schemas.payloads import Payload
from app.schemas.rows import Row

LARGEST = 16_000_000
"""Bytes of a request body."""

DatabricksName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=100)]


class Options(MlflowBody):
    """Where the endpoint is, and as whom it is called."""

    looks_wake = False

    url: HttpsAddress
    """The workspace's address."""
    endpoint: DatabricksName
    """The serving endpoint's name."""
    served_entity: DatabricksName | None = None
    """The name of one of several served entities; default whichever the traffic settings choose."""
    route_url: HttpsAddress | None = None
    """The endpoint_url of a route-optimised endpoint, with /invocations at its end. It takes OAuth only."""
    auth: Literal["token", "oauth"] = "token"
    """A personal access token, or the service principal of DATABRICKS_CLIENT_ID and _CLIENT_SECRET."""
    token_env: Annotated[str, secret_name("DATABRICKS")] = "DATABRICKS_TOKEN"
    """The environment variable that holds the personal access token."""
    max_rows: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Most rows in one call."""
    max_bytes: Annotated[int, Field(ge=1024, le=LARGEST)] = LARGEST
    """Largest request body."""

    @model_validator(mode="after")
    def _by_route(self) -> Self:
        if self.route_url and (self.auth != "oauth" or self.served_entity):
            raise ValueError('route_url needs auth "oauth", and goes without served_entity')
        return self

    def invocations(self) -> str:
        """Where rows go."""
        entity = f"/served-models/{self.served_entity}" if self.served_entity else ""
        return self.route_url or f"{self.url}/serving-endpoints/{self.endpoint}{entity}/invocations"


ENDS_IN_A_VERSION = re.compile(r"-\d+$")
"""As the names do that Databricks makes of a model's name and its version."""


class DatabricksBackend:
    """Queries the endpoint, and asks the workspace what it serves."""

    def __init__(self, options: Options, features: Sequence[str], concurrency: int) -> None:
        self._exchange = options.exchange(features, options.max_rows)
        self.limits = Limits(options.max_rows, options.max_bytes - self._exchange.overhead)
        self.longest_payload = options.max_bytes
        self._principal = ServicePrincipal(options.url) if options.auth == "oauth" else None
        what, workspace = f"Databricks endpoint {options.endpoint!r}", self._auth(options)
        queries = workspace
        if self._principal and options.route_url:
            queries = self._principal.auth(details=may_query(options.route_url))
        self._http = HttpClient(
            what,
            queries,
            concurrency,
            statuses={404: NO_ENDPOINT},
            expired=is_expired,
            names="route_url" if options.route_url else "endpoint",
        )
        about = f"{options.url}/api/2.0/serving-endpoints/{options.endpoint}"
        self._served = ServedEntities(what, about, workspace, options.served_entity)
        self._invocations = options.invocations()

    def _auth(self, options: Options) -> Auth:
        return self._principal.auth() if self._principal else from_environment(options.token_env)

    def row_bytes(self, row: Row) -> int:
        return self._exchange.row_bytes(row)

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        reply = await self._http.post(self._invocations, self._exchange.body(rows), timeout)
        return _named(reply, self._exchange.outputs(reply.body, reply.content_type, len(rows)))

    async def predict_payload(self, payload: Payload, timeout: float) -> Reply:
        reply = await self._http.post_payload(self._invocations, payload, timeout)
        return _named(reply, [self._exchange.output(reply.body, reply.content_type)])

    async def look(self) -> Deployed | None:
        """The served entities that take traffic; None without the permission to view the endpoint."""
        return await self._served.look()

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._served.aclose()
        if self._principal:
            await self._principal.aclose()


def _named(reply: HttpReply, outputs: Sequence[Output]) -> Reply:
    name = reply.headers.get("served-model-name", "")
    if not name or not (name.isascii() and name.isprintable()):  # no text comes as lone surrogates
        return Reply(outputs)
    # Without a look, which may not be permitted, a name that ends in a version is all that tells it.
    return Reply(outputs, revision=name if ENDS_IN_A_VERSION.search(name) else None, variant=name)


def create(options: Options, features: Sequence[str], concurrency: int, hosts: Hosts) -> DatabricksBackend:
    """Open the backend; nothing is called yet. Raises BackendRefused without the credentials."""
    sent = PRINCIPAL if options.auth == "oauth" else options.token_env
    hosts.require(options.url, "url", sent)
    if options.route_url:
        hosts.require(options.route_url, "route_url", sent)
    return DatabricksBackend(options, features, concurrency)
