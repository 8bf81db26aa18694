"""Models behind an online endpoint of Azure Machine Learning.

The wire is that of the manual's pages "Authenticate clients for online endpoints", "Troubleshoot online
endpoints" (statuses) and "Guidelines for deploying MLflow models" (bodies without a scoring script).
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Literal
from urllib.parse import urljoin

from pydantic import Field, JsonValue, StringConstraints

from app.backends.azure_ml.auth import IDENTITY, TokenScope, entra_tokens
from app.backends.base import BackendOptions, Deployed, Limits, Reply, sole
from app.backends.http.auth import Renewed, from_environment, secret_name
from app.backends.http.client import HttpClient
from app.backends.http.errors import STATUSES, Meaning, Statuses
from app.backends.wire.addresses import HttpsAddress
from app.backends.wire.formats import ROWS, RequestFormat
from app.backends.wire.replies import Output, decode, json_object, usable
from app.core.errors import (
    BackendDown,
    BackendMissing,
    BackendRefused,
    BackendRejected,
    BackendTimeout,
    BadOutput,
)
from app.core.hosts import Hosts
from app.schemas.rows import Row

MAX_ROWS = 100_000
PROBE_TIMEOUT = 10.0
"""Seconds."""
INDEX_BYTES = len(f"{MAX_ROWS - 1},")
"""The most that a row's number takes in the body."""

DeploymentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,62}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Options(BackendOptions):
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
    """How rows are sent: under input_data with the features' names as columns, for MLflow models without a
    scoring script; or as a bare matrix under input_data or data, as scoring scripts read it."""
    answer_key: Text | None = None
    """The key of the predictions, for scripts that answer an object with another key than predictions."""
    max_rows: Annotated[int, Field(ge=1, le=MAX_ROWS)] = 1000
    """Most rows in one call."""
    max_bytes: Annotated[int, Field(ge=1024, le=100_000_000)] = 1_500_000
    """Largest request body. The manual of 2022 had this limit for managed endpoints; today's has none."""


class AzureMlBackend:
    """Calls the scoring URI; one session, and one token where there is no key."""

    def __init__(self, options: Options, features: Sequence[str], concurrency: int) -> None:
        self._options, self._features = options, features
        self._headers = {"azureml-model-deployment": options.deployment} if options.deployment else {}
        tokens = None if options.key_env else entra_tokens(options.scope, options.instance_discovery)
        auth = Renewed(tokens) if tokens else from_environment(options.key_env)
        own: Statuses = {**OF_AZURE, 404: UNKNOWN if options.deployment else IDLE}
        calls, probes = {**own, 424: _of_model}, {**own, 424: _of_description}
        what = "Azure ML endpoint"
        self._endpoint = HttpClient(what, auth, concurrency, statuses=calls, names="deployment")
        self._probe = HttpClient(what, auth, 1, statuses=probes, names="deployment", infers=False)
        self._empty = self._format(0)
        self.limits = Limits(options.max_rows, options.max_bytes - self._empty.overhead)

    def row_bytes(self, row: Row) -> int:
        return len(self._empty.row(row)) + 1 + INDEX_BYTES

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        body = self._format(len(rows)).body(rows)
        reply = await self._endpoint.post(self._options.scoring_url, body, timeout, headers=self._headers)
        return Reply(_outputs(reply.body, reply.content_type, len(rows), self._options.answer_key))

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

    def _format(self, rows: int) -> RequestFormat:
        # Without an index Azure's generated script takes the columns for named tensors.
        split: JsonValue = {"columns": list(self._features), "index": list(range(rows)), "data": ROWS}
        key = "data" if self._options.body == "data" else "input_data"
        envelope = {key: split if self._options.body == "split" else ROWS}
        return RequestFormat("application/json", self._features, envelope=envelope)


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


def _outputs(body: bytes, content_type: str, expected: int, key: str | None) -> list[Output]:
    """The list that a script answers, or has under ``key``. Scripts that call json.dumps themselves answer
    JSON within a JSON text."""
    if body.startswith(b'"'):
        with suppress(ValueError):
            body = str(json.loads(body)).encode()
    kind = content_type.partition(";")[0]
    if kind == "text/html":  # what the server's AMLResponse announces unless the script says otherwise
        kind = "application/json"
    if key is None:
        return decode(body, kind, expected)
    found = json_object(body, kind).get(key)
    if not isinstance(found, list) or len(found) != expected:
        raise BadOutput(f"The model's answer has no list of {expected} under the answer_key of the options.")
    return [usable(item) for item in found]
