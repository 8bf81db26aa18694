"""Models behind a scorer of H2O MLOps, by the OpenAPI file of "MLOps Scoring REST API" (docs.h2o.ai)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Annotated

from pydantic import Field, JsonValue

from app.backends.base import BackendOptions, Deployed, Limits, Reply, sole
from app.backends.h2o.columns import NOT_SAID, ModelColumns, columns_of, id_of
from app.backends.http.auth import from_environment, secret_name
from app.backends.http.client import HttpClient
from app.backends.http.errors import Meaning, Statuses, may_not_look
from app.backends.wire.addresses import HttpsAddress
from app.backends.wire.formats import ROWS, RequestFormat
from app.backends.wire.replies import Output, json_object, of_cells
from app.core.errors import BackendDown, BackendMissing, BackendRefused, BadOutput, InvalidInput
from app.core.hosts import Hosts
from app.schemas.rows import Row

LOOK_TIMEOUT = 10.0
"""Seconds for a look at what is deployed."""


# The address is the deployment's own, by which the ingress before the scorers finds it: whoever answers that
# there is nothing speaks of what the options name.
NO_SCORER: Meaning = (BackendMissing, "there is no scorer at this address.")


class Options(BackendOptions):
    """Where the scorer is, and who asks."""

    url: HttpsAddress
    """The deployment's scoring endpoint as H2O MLOps shows it, https://HOST/DEPLOYMENT/model/score."""
    token_env: Annotated[str, secret_name("H2O")] | None = None
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
        auth = from_environment(options.token_env)
        self._http = HttpClient("H2O scorer", auth, concurrency, statuses={404: NO_SCORER}, names="url")
        looks: Statuses = {404: NO_SCORER, 501: may_not_look}
        self._looks = HttpClient("H2O scorer", auth, 1, statuses=looks, names="url", infers=False)
        self._columns: ModelColumns | None = None  # None until somebody looked
        self.limits = Limits(options.max_rows, options.max_bytes - self._format.overhead)

    def row_bytes(self, row: Row) -> int:
        return len(self._format.row((self._columns or NOT_SAID).cells(self._features, row))) + 1

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        """One call; the first, and one that another model answers than before, looks at its columns as well.

        A row that does not fit the columns is not sent, and has an InvalidInput of its own.
        """
        end = monotonic() + timeout
        columns = self._columns or await self._look_for_call(timeout)
        sendable = [self._sendable(row, columns) for row in rows]
        sent = [cells for cells in sendable if isinstance(cells, list)]
        if rows and not sent:
            return Reply([error for error in sendable if isinstance(error, InvalidInput)])
        url, body = f"{self._url}/model/score", self._format.body(sent)
        reply = await self._http.post(url, body, end - monotonic())
        answer = json_object(reply.body, reply.content_type)
        outputs, model_id = iter(_outputs(answer, len(sent))), id_of(answer)
        await self._confirm(columns, model_id, end - monotonic())
        return Reply([next(outputs) if isinstance(one, list) else one for one in sendable], model_id)

    async def look(self) -> Deployed | None:
        """The deployed model's id. InvalidInput names the features that are not its columns."""
        reply = await self._looks.look(f"{self._url}/model/id", LOOK_TIMEOUT)
        if reply is None:
            raise BackendRefused("The H2O scorer does not name its model.")
        try:
            model_id = reply.body.decode().strip('" \r\n')
        except UnicodeDecodeError as error:
            raise BadOutput("The H2O scorer's model id is not text in UTF-8.") from error
        if "<" in model_id:
            raise BadOutput("The H2O scorer answered a page where its model's id belongs.")
        await self._look(LOOK_TIMEOUT, model_id or None)
        return sole(model_id)

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._looks.aclose()

    def _sendable(self, row: Row, columns: ModelColumns) -> list[JsonValue] | InvalidInput:
        try:
            return columns.cells(self._features, row)
        except InvalidInput as error:
            return error

    async def _confirm(self, checked: ModelColumns, model_id: str | None, timeout: float) -> None:
        """BackendDown, so that the caller tries again, where another model answered than the rows were held
        against and its columns differ, or cannot be seen yet."""
        if model_id in (None, checked.model_id):
            return
        if checked.model_id is None:
            self._columns = ModelColumns(model_id, checked.types)
            return
        self._columns = None
        seen = await self._look_for_call(timeout, model_id)
        if seen != ModelColumns(model_id, checked.types):  # H2O's runtimes name one id in schemas and scores
            raise BackendDown("The H2O model is being replaced by another one.")

    async def _look_for_call(self, timeout: float, model_id: str | None = None) -> ModelColumns:
        try:
            return await self._look(min(timeout, LOOK_TIMEOUT), model_id)
        except InvalidInput as error:  # of whoever registered the version, or replaced the model
            raise BackendRefused(error.detail) from error

    async def _look(self, timeout: float, model_id: str | None) -> ModelColumns:
        """The columns now, of ``model_id`` where the scorer does not say. InvalidInput if the features are
        others."""
        reply = None
        with suppress(BackendMissing):  # a scorer may do without a schema
            reply = await self._looks.look(f"{self._url}/model/schema", timeout)
        columns = NOT_SAID if reply is None else columns_of(json_object(reply.body, reply.content_type))
        self._columns = None
        columns.require(self._features)
        self._columns = columns if columns.model_id else ModelColumns(model_id, columns.types)
        return self._columns


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
    hosts.require(options.url, "url", options.token_env)
    return H2oBackend(options, features, concurrency)
