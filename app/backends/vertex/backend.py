"""Models on a Vertex AI endpoint, through its REST address.

From Google's REST reference (projects.locations.endpoints) and its pages "Get online inferences" and "Use
dedicated public endpoints".
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from app.backends.base import Deployed, Limits, Reply
from app.backends.http.client import HttpClient
from app.backends.http.connections import HttpReply
from app.backends.http.errors import STATUSES, FaultBody, Meaning, Statuses, may_not_look, no_such
from app.backends.vertex.auth import IDENTITY, GoogleAuth
from app.backends.wire.addresses import HttpsAddress
from app.backends.wire.exchange import Exchange, json_writer
from app.backends.wire.instances import UNDER_INSTANCES, InstanceOptions
from app.backends.wire.replies import Output, json_object, usable
from app.core.errors import BackendDown, BackendRejected, BadOutput
from app.core.hosts import Hosts
from app.schemas.payloads import Payload
from app.schemas.rows import Row

SHARED_BYTES, DEDICATED_BYTES = 1_500_000, 10_000_000
"""Largest request body at Google's shared address, and at an endpoint's own."""
LOOK_TIMEOUT = 10.0
"""Seconds."""
DEPLOYED_MODEL = "X-Vertex-AI-Deployed-Model-Id"
"""A header of answers to rawPredict."""

Project = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.:-]*$", max_length=100)]
Location = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)+[0-9]{1,2}$", max_length=40)]
EndpointId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=63)]


class Options(InstanceOptions):
    """Where the endpoint is. Credentials are GOOGLE_APPLICATION_CREDENTIALS (a key file) or the machine's."""

    looks_wake = False

    project: Project
    """The project's id or number."""
    location: Location
    """The region, such as europe-west4."""
    endpoint_id: EndpointId
    """The endpoint's id."""
    dedicated_url: HttpsAddress | None = None
    """https:// and the endpoint's dedicated DNS name, if it has one: rows go there then."""
    api_url: HttpsAddress | None = None
    """Another address of the API, as by Private Service Connect; default Google's own for the location."""
    instances: Literal["lists", "objects"] = "lists"
    """An older name of rows: lists, or objects by the features' names, which AutoML models take."""
    parameters: dict[str, JsonValue] | None = None
    """Sent beside the rows, to models that take some."""
    max_rows: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Most rows in one call."""
    max_bytes: Annotated[int, Field(ge=1024, le=DEDICATED_BYTES)] | None = None
    """Largest request body; default 1,500,000, and 10,000,000 at a dedicated_url."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if fault := self.own_form("instances"):
            raise ValueError(fault)
        return self

    def exchange(self, features: Sequence[str]) -> Exchange:
        """How the rows of a version with these features go out, and answers to payloads come in."""
        beside: dict[str, JsonValue] = {"parameters": self.parameters} if self.parameters else {}
        form = self.model_copy(update={"rows": self.rows or self.instances})
        return Exchange(self, json_writer(form, features, self.max_rows, keys=UNDER_INSTANCES, beside=beside))


class VertexBackend:
    """Predicts through the endpoint's address, and asks the API's what is deployed."""

    def __init__(self, options: Options, features: Sequence[str], concurrency: int) -> None:
        name = f"projects/{options.project}/locations/{options.location}/endpoints/{options.endpoint_id}"
        api = options.api_url or f"https://{options.location}-aiplatform.googleapis.com"
        self._resource = f"{api}/v1/{name}"
        self._predict = f"{options.dedicated_url or api}/v1/{name}:predict"
        self._raw_predict = f"{options.dedicated_url or api}/v1/{name}:rawPredict"
        self._exchange = options.exchange(features)
        what, auth = f"Vertex AI endpoint {options.endpoint_id!r}", GoogleAuth()
        self._models = HttpClient(what, auth, concurrency, statuses=OWN_STATUSES, names="endpoint_id")
        looks: Statuses = {403: may_not_look, 404: NO_ENDPOINT}
        self._endpoints = HttpClient(what, auth, 1, statuses=looks, names="endpoint_id", infers=False)
        most = options.max_bytes or (DEDICATED_BYTES if options.dedicated_url else SHARED_BYTES)
        self.limits = Limits(options.max_rows, most - self._exchange.overhead)
        self.longest_payload = most

    def row_bytes(self, row: Row) -> int:
        return self._exchange.row_bytes(row)

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        reply = await self._models.post(self._predict, self._exchange.body(rows), timeout)
        answer = json_object(reply.body, reply.content_type)
        outputs = _outputs(answer.get("predictions"), len(rows))
        return Reply(outputs, _revision(answer, answer.get("deployedModelId")))

    async def predict_payload(self, payload: Payload, timeout: float) -> Reply:
        """By rawPredict, which hands on whatever the container takes, and answers as it does; which deployed
        model that was stands in a header."""
        reply = await self._models.post_payload(self._raw_predict, payload, timeout)
        outputs = [self._exchange.output(reply.body, reply.content_type)]
        return Reply(outputs, variant=reply.headers.get(DEPLOYED_MODEL))

    async def look(self) -> Deployed | None:
        """The deployed models that take traffic; None where there is none, or one cannot be told, or without
        aiplatform.endpoints.get."""
        reply = await self._endpoints.look(self._resource, LOOK_TIMEOUT)
        if reply is None:
            return None
        found = {str(model.get("id")): _revision(model, model.get("id")) for model in _in_service(reply)}
        known = {name: revision for name, revision in found.items() if revision is not None}
        return Deployed(frozenset(known.values()), known) if known and len(known) == len(found) else None

    async def aclose(self) -> None:
        await self._models.aclose()
        await self._endpoints.aclose()


def _outputs(predictions: JsonValue, expected: int) -> list[Output]:
    if not isinstance(predictions, list) or len(predictions) != expected:
        raise BadOutput(f"The Vertex AI endpoint's answer holds no list of {expected} predictions.")
    return [usable(prediction) for prediction in predictions]


def _in_service(reply: HttpReply) -> list[Mapping[str, JsonValue]]:
    """The deployed models but those whose share of the traffic is nothing (Endpoint.trafficSplit)."""
    endpoint = json_object(reply.body, reply.content_type)
    deployed, split = endpoint.get("deployedModels"), endpoint.get("trafficSplit")
    shares = split if isinstance(split, dict) and any(split.values()) else None
    models = [model for model in deployed if isinstance(model, dict)] if isinstance(deployed, list) else []
    return [model for model in models if shares is None or shares.get(str(model.get("id")))]


def _revision(about: Mapping[str, JsonValue], deployment: JsonValue) -> str | None:
    """What a reply and the endpoint's resource both tell.

    A model's resource name may hold its project's id or number, and end in an @ with a version or its alias.
    """
    match about, deployment:
        case {"model": str(model), "modelVersionId": str(version)}, str():
            return f"{model.rpartition('/')[2].partition('@')[0]} version {version}, deployment {deployment}"
    return None


def _failure(_: Mapping[str, str], body: bytes) -> Meaning:
    """A container's failure has its answer as the message; these are Google's words for one of its own."""
    return (BackendDown, "it failed.") if b"Internal error encountered" in body else STATUSES[500]


def _is_not_found(fault: FaultBody) -> bool:
    """Google's own word; what its front end does not know, or a proxy, is answered with a page."""
    match fault:
        case {"error": {"status": "NOT_FOUND"}}:
            return True
    return False


NO_ENDPOINT = no_such("there is no such endpoint in the project and location.", _is_not_found)

# FAILED_PRECONDITION says three things: too many bytes, rows that a prebuilt container fails on, no model.
OWN_STATUSES: Statuses = {
    400: (BackendRejected, "it refused the rows, or has no model deployed."),
    404: NO_ENDPOINT,
    500: _failure,
}


def create(options: Options, features: Sequence[str], concurrency: int, hosts: Hosts) -> VertexBackend:
    """Open the backend; nothing is called yet. Raises BackendRefused without google-auth."""
    for option, url in (("dedicated_url", options.dedicated_url), ("api_url", options.api_url)):
        if url:
            hosts.require(url, option, IDENTITY)
    return VertexBackend(options, features, concurrency)
