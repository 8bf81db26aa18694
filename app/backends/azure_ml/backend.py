"""Models behind an online endpoint of Azure Machine Learning.

The wire is that of the manual's pages "Authenticate clients for online endpoints", "Troubleshoot online
endpoints" (statuses) and "Guidelines for deploying MLflow models" (bodies without a scoring script).
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Literal, Self
from urllib.parse import urljoin

from pydantic import Field, JsonValue, StringConstraints, model_validator

from app.backends.azure_ml.auth import IDENTITY, TokenScope, entra_tokens
from app.backends.base import Deployed, Limits, Reply, sole
from app.backends.http.auth import Renewed, from_environment, secret_name
from app.backends.http.client import HttpClient
from app.backends.http.connections import HttpReply
from app.backends.http.errors import STATUSES, Meaning, Statuses
from app.backends.wire.addresses import HttpsAddress
from app.backends.wire.announced import bare
from app.backends.wire.exchange import Exchange, RowWriter, json_writer
from app.backends.wire.formats import ROWS, RequestFormat
from app.backends.wire.options import LISTED, WireOptions
from app.core.errors import (
    BackendDown,
    BackendMissing,
    BackendRefused,
    BackendRejected,
    BackendTimeout,
)
from app.core.hosts import Hosts
from app.schemas.payloads import Payload
from app.schemas.rows import Row

MAX_ROWS = 100_000
PROBE_TIMEOUT = 10.0
"""Seconds."""
INDEX_BYTES = len(f"{MAX_ROWS - 1},")
"""The most that a row's number takes in the body."""

DeploymentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,62}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Options(WireOptions):
    """Where the endpoint is, who calls it, and how its deployments read rows."""

    scoring_url: HttpsAddress
    """The endpoint's scoring URI, with its path: https://NAME.REGION.inference.ml.azure.com/score."""
    key_env: Annotated[str, secret_name("AZURE_ML")] | None = None
    """The environment variable that holds the endpoint's key. Without it the calls carry a token of Microsoft
    Entra ID, for the identity that azure-identity's DefaultAzureCredential finds."""
    scope: TokenScope = "https://ml.azure.com/.default"
    """What the token is for; the clouds of the US government and of China have their own."""
    instance_discovery: bool = True
    """Whether Microsoft is asked about the token's authority; false in clouds without a way to it."""
    deployment: DeploymentName | None = None
    """The deployment that answers, whatever the endpoint's traffic rules say."""
    version: Text | None = None
    """What is deployed, as the revision of its predictions: the platform itself does not say."""
    body: Literal["split", "input_data", "data"] = "split"
    """Where rows are sent: under input_data with the features' names as columns, for MLflow models without a
    scoring script; or under input_data or data as rows says (a bare matrix), as scoring scripts read them."""
    max_rows: Annotated[int, Field(ge=1, le=MAX_ROWS)] = 1000
    """Most rows in one call."""
    max_bytes: Annotated[int, Field(ge=1024, le=100_000_000)] = 1_500_000
    """Largest request body. The manual of 2022 had this limit for managed endpoints; today's has none."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        others = self.rows not in (None, *LISTED) or self.rows_key or self.body == "split"
        if others and (fault := self.own_form("body")):
            raise ValueError(fault)
        return self

    @property
    def is_split(self) -> bool:
        """Whether rows go as Azure's generated scripts read them."""
        return self.body == "split" and self.rows is None and self.rows_key is None

    def writer(self, features: Sequence[str], rows: int) -> RowWriter:
        """What makes the body of a call with so many rows, or fewer where their number is no part of it."""
        if self.is_split:
            # Without an index Azure's generated script takes the columns for named tensors.
            split: JsonValue = {"columns": list(features), "index": list(range(rows)), "data": ROWS}
            return RequestFormat("application/json", features, envelope={"input_data": split})
        given = "body" in self.model_fields_set
        return json_writer(self, features, rows, keys=dict.fromkeys(LISTED, self.body) if given else {})


class AzureMlBackend:
    """Calls the scoring URI; one session, and one token where there is no key."""

    def __init__(self, options: Options, features: Sequence[str], concurrency: int) -> None:
        self._options, self._features = options, features
        self._index_bytes = INDEX_BYTES if options.is_split else 0
        self._headers = {"azureml-model-deployment": options.deployment} if options.deployment else {}
        tokens = None if options.key_env else entra_tokens(options.scope, options.instance_discovery)
        auth = Renewed(tokens) if tokens else from_environment(options.key_env)
        own: Statuses = {**OF_AZURE, 404: UNKNOWN if options.deployment else IDLE}
        calls, probes = {**own, 424: _of_model}, {**own, 424: _of_description}
        what = "Azure ML endpoint"
        self._endpoint = HttpClient(what, auth, concurrency, statuses=calls, names="deployment")
        self._probe = HttpClient(what, auth, 1, statuses=probes, names="deployment", infers=False)
        writer = options.writer(features, 0 if options.is_split else options.max_rows)
        self._exchange = Exchange(options, writer)
        self.limits = Limits(options.max_rows, options.max_bytes - self._exchange.overhead)
        self.longest_payload = options.max_bytes

    def row_bytes(self, row: Row) -> int:
        return self._exchange.row_bytes(row) + self._index_bytes

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        # The rows' numbers are part of a split: it is written anew for each call.
        split = self._options.is_split and self._options.writer(self._features, len(rows))
        body = (split or self._exchange).body(rows)
        reply = await self._endpoint.post(self._options.scoring_url, body, timeout, headers=self._headers)
        return Reply(self._exchange.outputs(*_unwrapped(reply), len(rows)))

    async def predict_payload(self, payload: Payload, timeout: float) -> Reply:
        url = self._options.scoring_url
        reply = await self._endpoint.post_payload(url, payload, timeout, headers=self._headers)
        return Reply([self._exchange.output(*_unwrapped(reply))])

    async def look(self) -> Deployed | None:
        """The configured deployment and version, if the endpoint and its container answer at all: not every
        script has the description that is asked for."""
        url = urljoin(self._options.scoring_url, "swagger.json")
        with suppress(BackendRejected):
            await self._probe.get(url, PROBE_TIMEOUT, headers=self._headers)
        return sole(" ".join(filter(None, (self._options.deployment, self._options.version))))

    async def aclose(self) -> None:
        await self._endpoint.aclose()
        await self._probe.aclose()


def create(options: Options, features: Sequence[str], concurrency: int, hosts: Hosts) -> AzureMlBackend:
    """Open the backend; nothing is called yet.

    Raises BackendRefused without the key that the options name, or for a token without azure-identity.
    """
    hosts.require(options.scoring_url, "scoring_url", options.key_env or IDENTITY)
    return AzureMlBackend(options, features, concurrency)


OF_AZURE: Statuses = {500: (BackendDown, "Azure's own infrastructure is failing.")}
# A 404 is the endpoint's own word: of a path that the container does not know it makes a 424, and an endpoint
# that does not exist has no address.
UNKNOWN: Meaning = (BackendMissing, "it has no such deployment.")
IDLE: Meaning = (BackendRefused, "it has no deployment that takes traffic.")


def _of_model(headers: Mapping[str, str], _body: bytes) -> Meaning:
    """424 is the container's own failure, with its status in a header."""
    said = headers.get("ms-azureml-model-error-statuscode", "")
    status = int(said) if said.isdecimal() and len(said) == 3 else 0
    others: Meaning = (BackendDown, "its container is failing.")
    if 300 <= status < 500:
        others = (BackendRefused, "it does not take such calls.")
    kind, detail = STATUSES.get(status, others)
    return kind, f"the model's own status was {status or 'not told'}: {detail}"


def _of_description(headers: Mapping[str, str], body: bytes) -> Meaning:
    kind, detail = _of_model(headers, body)
    if kind is BackendTimeout:
        return BackendDown, detail
    return (BackendRejected if kind is BackendRefused else kind), detail


def _unwrapped(reply: HttpReply) -> tuple[bytes, str]:
    """An answer and its type. Scripts that call json.dumps themselves answer JSON within a JSON text."""
    body, kind = reply.body, bare(reply.content_type)
    if body.startswith(b'"'):
        with suppress(ValueError):
            body = str(json.loads(body)).encode()
    # text/html is what the server's AMLResponse announces unless the script says otherwise
    return body, "application/json" if kind == "text/html" else reply.content_type
