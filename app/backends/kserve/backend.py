"""Models behind KServe, or another server that speaks its V1 or V2 protocol, as MLServer and Triton do.

The sources are KServe's pages on both protocols and, where they are silent, the servers in the packages
kserve 0.21 and mlserver 1.7.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from app.backends.base import BackendOptions, Deployed, GivenName, Limits, Reply, sole
from app.backends.http.auth import Auth, Fixed, from_environment, secret, secret_name
from app.backends.http.client import HttpClient
from app.backends.http.connections import HttpReply
from app.backends.http.errors import NOT_READY, FaultBody, Statuses, no_such
from app.backends.wire.addresses import HttpAddress, plain_address
from app.backends.wire.exchange import Exchange, RowWriter, json_writer
from app.backends.wire.instances import UNDER_INSTANCES, InstanceOptions
from app.backends.wire.options import WireOptions
from app.backends.wire.replies import json_object
from app.backends.wire.tensors import TensorForm, TensorFormat, outputs
from app.core.hosts import Hosts
from app.schemas.rows import Row

LOOK_TIMEOUT = 10.0
"""Seconds."""


def _name_and_port(host: str) -> str:
    try:
        plain_address(f"http://{host}")
    except ValueError as error:
        raise ValueError("must be the name of a host, with :PORT if it is not the usual one") from error
    return host


OF_JSON = {
    name: field for name, field in WireOptions.model_fields.items() if name not in BackendOptions.model_fields
}
"""Options that a protocol with tensors has no use for."""

HostName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9.-]+(:[0-9]+)?$", max_length=260),
    AfterValidator(_name_and_port),
]


class Options(TensorForm, InstanceOptions):
    """Where the model is and how it is spoken to."""

    url: HttpAddress
    """The address of the server, or of the ingress before it."""
    model: GivenName
    """The model's name in the path."""
    protocol: Literal["v1", "v2"] = "v2"
    """v1 sends the rows as JSON, with null for what is missing; v2 sends tensors."""
    host: HostName | None = None
    """The Host header by which the ingress finds the service, such as NAME.NAMESPACE.example.com. It gets the
    token, so BACKEND_HOSTS has to list it too, as an address with the scheme of ``url``."""
    token_env: Annotated[str, secret_name("KSERVE")] | None = None
    """The environment variable that holds a bearer token."""
    cookie_env: Annotated[str, secret_name("KSERVE")] | None = None
    """The environment variable that holds the Cookie header, NAME=VALUE, of a session with Dex."""
    version: GivenName | None = None
    """What is deployed, as the revision of its predictions: V1 never says, and V2 only if the server knows. A
    version in a reply comes first."""
    max_rows: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Most rows in one call."""
    max_bytes: Annotated[int, Field(ge=1024, le=100_000_000)] = 10_000_000
    """Largest request body; the protocols have no limit of their own."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.token_env and self.cookie_env:
            raise ValueError("give token_env or cookie_env, not both")
        other, fields = ("v2", TensorForm.model_fields) if self.protocol == "v1" else ("v1", OF_JSON)
        if unused := sorted(self.model_fields_set & fields.keys()):
            raise ValueError(f"{', '.join(unused)}: only for the protocol {other}")
        return self

    def writer(self, features: Sequence[str]) -> RowWriter:
        """What makes a request body."""
        if self.protocol == "v2":
            return TensorFormat(self, features, self.max_rows)
        return json_writer(self, features, self.max_rows, keys=UNDER_INSTANCES)

    def auth(self) -> Auth:
        """What the ingress wants; BackendRefused if the environment does not have it."""
        if self.cookie_env:
            return Fixed({"Cookie": secret(self.cookie_env)})
        return from_environment(self.token_env)


class KServeBackend:
    """One model, through either protocol."""

    def __init__(self, options: Options, features: Sequence[str], concurrency: int) -> None:
        self._options, self._v2 = options, options.protocol == "v2"
        self._exchange = Exchange(options, options.writer(features))
        self._model = f"{options.url}/{options.protocol}/models/{quote(options.model, safe='')}"
        self._headers = {"Host": options.host} if options.host else {}
        what, auth = f"KServe model {options.model!r}", options.auth()
        own: Statuses = {404: no_such("the server has no such model.", self._is_named), 503: NOT_READY}
        self._client = HttpClient(what, auth, concurrency, statuses=own, names="model")
        # MLServer says 400 where a model is not ready.
        looks: Statuses = {**own, 400: NOT_READY}
        self._looks = HttpClient(what, auth, 1, statuses=looks, names="model", infers=False)
        self.limits = Limits(options.max_rows, options.max_bytes - self._exchange.overhead)

    def row_bytes(self, row: Row) -> int:
        return self._exchange.row_bytes(row)

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        body, verb = self._exchange.body(rows), "/infer" if self._v2 else ":predict"
        reply = await self._client.post(self._model + verb, body, timeout, headers=self._headers)
        if not self._v2:
            found = self._exchange.outputs(reply.body, reply.content_type, len(rows))
            return Reply(found, self._options.version)
        answer = json_object(reply.body, reply.content_type)
        version = _text(answer.get("model_version")) or self._options.version
        return Reply(outputs(answer, self._options.output, len(rows)), version)

    async def look(self) -> Deployed | None:
        """The configured version, else those that the server lists. The model has to be ready.

        V2 is partial: behind the address there may be servers with other versions, which their replies tell.
        """
        await self._get("/ready" if self._v2 else "")
        if not self._v2:
            return sole(self._options.version)
        revisions = {self._options.version} if self._options.version else await self._listed()
        return Deployed(frozenset(revisions), partial=True) if revisions else None

    async def _listed(self) -> set[str]:
        metadata = await self._get("")
        versions = json_object(metadata.body, metadata.content_type).get("versions")
        found = map(_text, versions) if isinstance(versions, list) else ()
        return {version for version in found if version}

    def _is_named(self, fault: FaultBody) -> bool:
        """All servers name the model that they do not have. An ingress that knows no such host says nothing:
        its routes may still be on their way."""
        said = fault.get("error")
        name = re.escape(self._options.model)
        return isinstance(said, str) and re.search(rf"(?<!\w){name}(?!\w)", said) is not None

    async def _get(self, path: str) -> HttpReply:
        return await self._looks.get(self._model + path, LOOK_TIMEOUT, headers=self._headers)

    async def aclose(self) -> None:
        await self._client.aclose()
        await self._looks.aclose()


def create(options: Options, features: Sequence[str], concurrency: int, hosts: Hosts) -> KServeBackend:
    """Open the backend; nothing is called yet. Raises BackendRefused without the secret the options name."""
    sent = options.token_env or options.cookie_env
    hosts.require(options.url, "url", sent)
    if options.host:
        hosts.require(f"{options.url.partition(':')[0]}://{options.host}", "host", sent)
    return KServeBackend(options, features, concurrency)


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None
