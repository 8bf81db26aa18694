"""Models behind a scorer of H2O MLOps, by the OpenAPI file of "MLOps Scoring REST API" (docs.h2o.ai)."""

import math
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints

from app.backends.addresses import HttpsAddress
from app.backends.base import BackendOptions, Limits, Reply
from app.backends.formats import ROWS, RequestFormat
from app.backends.http import HttpClient
from app.backends.http_auth import from_environment
from app.backends.replies import Output, json_object, of_cells
from app.core.errors import BackendRefused, BackendRejected, BadOutput, FieldError, InvalidInput
from app.core.hosts import Hosts
from app.schemas.rows import Row

LOOK_TIMEOUT = 10.0
"""Seconds for a look at what is deployed."""
NUMBERS = ("Int32", "Int64", "Float32", "Float64")

TokenName = Annotated[str, StringConstraints(pattern=r"^H2O_[A-Z0-9_]+$", max_length=100)]


class Options(BackendOptions):
    """Where the scorer is, and who asks."""

    url: HttpsAddress
    """The deployment's scoring endpoint as H2O MLOps shows it, https://HOST/DEPLOYMENT/model/score."""
    token_env: TokenName | None = None
    """The environment variable that holds the deployment's passphrase, API key or token, if it wants one."""
    max_rows: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Most rows in one call."""
    max_bytes: Annotated[int, Field(ge=1024, le=100_000_000)] = 1_000_000
    """Largest request body. H2O names no limit; an ingress commonly takes 1 MB."""


class H2oBackend:
    """Cells are texts both ways; a missing value is an empty one, since the specification knows no null.

    What H2O cannot read in a column of numbers is a missing value to it, and it guesses on without a word: so
    the rows are held against the types of /model/schema, which names no categories, before the call.
    """

    def __init__(self, options: Options, features: Sequence[str], concurrency: int) -> None:
        self._url, self._features = options.url.removesuffix("/model/score"), features
        envelope: dict[str, JsonValue] = {"fields": list(features), "rows": ROWS}
        self._format = RequestFormat("application/json", features, envelope=envelope)
        self._http = HttpClient("H2O scorer", from_environment(options.token_env), concurrency)
        self._types: Mapping[str, str] | None = None  # None until somebody looked
        self._model_id: str | None = None
        self.limits = Limits(options.max_rows, options.max_bytes - self._format.overhead)

    def row_bytes(self, row: Row) -> int:
        return len(self._format.row(self._cells(row, self._types or {}))) + 1

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        """One call; the first, and the next after the model was replaced, looks at its columns as well."""
        end = monotonic() + timeout
        if self._types is None:
            self._types = await self._look(timeout)
        body = self._body(rows, self._types)
        reply = await self._http.post(f"{self._url}/model/score", body, end - monotonic())
        answer = json_object(reply.body, reply.content_type)
        if self._model_id not in (None, answer.get("id")):
            self._types = None
        self._model_id = str(answer["id"]) if answer.get("id") else None
        return Reply(_outputs(answer, len(rows)), self._model_id)

    async def revision(self) -> str | None:
        """The deployed model's id. InvalidInput names the features that are not its columns."""
        reply = await self._http.get(f"{self._url}/model/id", LOOK_TIMEOUT)
        model_id = reply.body.decode(errors="replace").strip('" \r\n')
        if not model_id.isprintable() or "<" in model_id or not 0 < len(model_id) <= 200:
            raise BadOutput("The H2O scorer named no model.")
        self._types, self._model_id = await self._look(LOOK_TIMEOUT), model_id
        return model_id

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _look(self, timeout: float) -> Mapping[str, str]:
        """Each column's type; none if the scorer does not say. InvalidInput unless they are the features'."""
        try:
            reply = await self._http.get(f"{self._url}/model/schema", timeout)
        except (BackendRefused, BackendRejected):  # if it is the credentials, the call itself will tell
            return {}
        types = _types(json_object(reply.body, reply.content_type))
        wrong = [(name, "the model needs it") for name in types if name not in self._features]
        wrong += [(name, "the model has no such column") for name in self._features if name not in types]
        if types and wrong:
            faults = [FieldError(f"features.{name}", message) for name, message in wrong]
            raise InvalidInput("The features are not the columns of the H2O model.", errors=faults)
        return types

    def _body(self, rows: Sequence[Row], types: Mapping[str, str]) -> bytes:
        try:
            return self._format.body([self._cells(row, types) for row in rows])
        except InvalidInput as error:
            if len(rows) == 1:
                raise
            # Rejected rows are tried again in halves, so that the others get their predictions.
            raise BackendRejected(f"A row cannot be sent. {error.detail}") from error

    def _cells(self, row: Row, types: Mapping[str, str]) -> list[JsonValue]:
        named = zip(self._features, row, strict=True)
        return [_cell(name, value, types.get(name)) for name, value in named]


def _cell(name: str, value: JsonValue, kind: str | None) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(int(value)) if kind in NUMBERS else str(value).lower()
        case str() if kind not in NUMBERS:
            return value
        case int() | float() if math.isfinite(value):
            return repr(value)
    wanted = "a finite number" if kind in NUMBERS else "text or a finite number"
    raise InvalidInput(f"The feature {name!r} must be {wanted}, or null where it is missing.")


def _types(model: Mapping[str, JsonValue]) -> dict[str, str]:
    match model.get("schema"):
        case {"inputFields": [*fields]}:
            return {str(one.get("name")): str(one.get("dataType")) for one in fields if isinstance(one, dict)}
    return {}


def _outputs(answer: Mapping[str, JsonValue], expected: int) -> list[Output]:
    """A row's output is its one value, or the list of its values."""
    scores = answer.get("score")
    if not isinstance(scores, list) or len(scores) != expected:
        raise BadOutput(f"The H2O scorer's answer has no list of {expected} scores.")
    return [_output(score) for score in scores]


def _output(score: JsonValue) -> Output:
    if isinstance(score, list) and all(isinstance(cell, str) for cell in score):
        return of_cells(list(map(str, score)))
    return BadOutput("The H2O scorer's answer for this row is no list of texts.")


def create(options: Options, features: Sequence[str], concurrency: int, hosts: Hosts) -> H2oBackend:
    """Open the backend; nothing is called yet. Raises BackendRefused without the token the options name."""
    hosts.require(options.url, "url")
    return H2oBackend(options, features, concurrency)
