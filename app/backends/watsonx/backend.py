"""Models behind an online deployment of watsonx.ai Runtime, on IBM Cloud or in a Cloud Pak for Data.

The wire is that of IBM's API reference "watsonx.ai Runtime" and of its client ibm-watsonx-ai.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from app.backends.base import BackendOptions, Deployed, Limits, Reply, missing, sole
from app.backends.http.auth import Renewed, secret, secret_name
from app.backends.http.client import HttpClient
from app.backends.http.errors import STATUSES, Meaning, Statuses, may_not_look, no_such
from app.backends.watsonx.auth import TIMEOUT, cloud_pak, iam
from app.backends.wire.addresses import HttpsAddress
from app.backends.wire.formats import ROWS, RequestFormat
from app.backends.wire.replies import Output, json_object, usable
from app.core.errors import BackendRefused, BadOutput
from app.core.hosts import Hosts
from app.schemas.rows import Row

PLACES = ({"region"}, {"url", "username"}, {"url", "iam_url"})

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
CloudRegion = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}-[a-z]{2,10}$")]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)


class Options(BackendOptions):
    """Which deployment is asked, where, and by whom."""

    looks_wake = False

    deployment: Id
    """The deployment's id or its serving name."""
    space_id: Id
    """The deployment space it is in, which says what is deployed."""
    region: CloudRegion | None = None
    """On IBM Cloud: its region, such as us-south."""
    url: HttpsAddress | None = None
    """Elsewhere: the address of a Cloud Pak for Data, or a private one of IBM Cloud."""
    username: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """Who calls the Cloud Pak for Data at ``url``."""
    iam_url: HttpsAddress | None = None
    """Where IBM Cloud gives tokens for ``url``, such as https://private.iam.cloud.ibm.com."""
    secret: Literal["api_key", "password"] = "api_key"
    """What proves it. IBM Cloud takes no passwords."""
    secret_env: Annotated[str, secret_name("WATSONX")] = "WATSONX_API_KEY"
    """The environment variable that holds the secret."""
    version: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")] = "2021-05-01"
    """The date of the API that is spoken; IBM's own snippets for scoring have this one."""
    max_rows: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Most rows in one call."""
    max_bytes: Annotated[int, Field(ge=1024, le=100_000_000)] = 1_000_000
    """Largest request body. IBM names no limit; an ingress commonly takes 1 MB."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = {name for name in ("region", "url", "username", "iam_url") if getattr(self, name)}
        if given not in PLACES:
            raise ValueError("give either region, or url and username, or url and iam_url")
        if self.secret == "password" and not self.username:
            raise ValueError("a password needs a username; IBM Cloud takes an api_key")
        return self


class WatsonxBackend:
    """A row's output is its one value, or the list of them where the model answers several columns."""

    def __init__(self, options: Options, features: Sequence[str], concurrency: int) -> None:
        place = options.url or f"https://{options.region}.ml.cloud.ibm.com"
        every, name, version = f"{place}/ml/v4/deployments", options.deployment, f"version={options.version}"
        self._score = f"{every}/{name}/predictions?{version}"
        one = f"/{name}?" if _UUID.match(name) else f"?serving_name={name}&"
        self._details = f"{every}{one}{version}&space_id={options.space_id}"
        envelope: dict[str, JsonValue] = {"input_data": [{"fields": list(features), "values": ROWS}]}
        self._format = RequestFormat("application/json", features, envelope=envelope)
        proof = secret(options.secret_env)
        self._tokens = iam(options.iam_url, proof)
        if options.url and options.username:
            self._tokens = cloud_pak(options.url, options.username, options.secret, proof)
        self._what, auth = f"watsonx deployment {name!r}", Renewed(self._tokens.fetch)
        calls: Statuses = {400: _bad_request, 404: NO_DEPLOYMENT}
        looks: Statuses = {403: may_not_look, 404: NO_DEPLOYMENT}
        self._models = HttpClient(self._what, auth, concurrency, statuses=calls, names="deployment")
        self._looks = HttpClient(self._what, auth, 1, statuses=looks, names="deployment", infers=False)
        self.limits = Limits(options.max_rows, options.max_bytes - self._format.overhead)

    def row_bytes(self, row: Row) -> int:
        return len(self._format.row(row)) + 1

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        reply = await self._models.post(self._score, self._format.body(rows), timeout)
        return Reply(_outputs(json_object(reply.body, reply.content_type), len(rows)))

    async def look(self) -> Deployed | None:
        """Id and revision of the deployed asset; None for who may score, but not look into the space."""
        reply = await self._looks.look(self._details, TIMEOUT)
        if reply is None:
            return None
        found = json_object(reply.body, reply.content_type)
        deployments = found.get("resources", [found])
        if deployments == []:
            raise missing(self._what, "deployment", "the space has none with this serving name")
        return sole(_asset(deployments))

    async def aclose(self) -> None:
        for client in (self._models, self._looks, self._tokens):
            await client.aclose()


# IBM lists what is wrong; a gateway before it, or another server at a wrong address, does not.
NO_DEPLOYMENT = no_such(
    "there is no such deployment in the space.", lambda fault: isinstance(fault.get("errors"), list)
)


def _bad_request(_headers: Mapping[str, str], body: bytes) -> Meaning:
    """A software specification that IBM no longer runs is told by the message only; no row would pass."""
    discontinued = b"unsupported software spec" in body.lower()
    return (BackendRefused, "its software specification is discontinued.") if discontinued else STATUSES[400]


def _outputs(answer: Mapping[str, JsonValue], expected: int) -> list[Output]:
    match answer.get("predictions"):
        case [{"values": [*values]}] if len(values) == expected:
            return [_output(value) for value in values]
    raise BadOutput(f"The watsonx deployment's answer holds no list of {expected} values.")


def _output(values: JsonValue) -> Output:
    if not isinstance(values, list) or not values:
        return BadOutput("The watsonx deployment's answer for this row is no list of values.")
    return usable(values[0] if len(values) == 1 else values)


def _asset(deployments: JsonValue) -> str:
    match deployments:
        case [{"entity": {"asset": {"id": str(asset), **more}}}]:
            return f"{asset} {more['rev']}" if more.get("rev") else asset
    raise BadOutput("The watsonx deployment's details name no asset.")


def create(options: Options, features: Sequence[str], concurrency: int, hosts: Hosts) -> WatsonxBackend:
    """Open the backend; nothing is called yet. Raises BackendRefused without the secret the options name."""
    for option, url in (("url", options.url), ("iam_url", options.iam_url)):
        if url:
            hosts.require(url, option, options.secret_env)
    return WatsonxBackend(options, features, concurrency)
