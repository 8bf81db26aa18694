"""Watson Machine Learning's wire for deployments, with an XGBoost model behind it.

Nothing of IBM's can be installed that serves models. Paths, parameters and answers are those that IBM's own
client (ibm-watsonx-ai) sends and reads, and of IBM's API reference "watsonx.ai Runtime". Of the errors, the
form, the codes of a 401 and the discontinued specification are as users of IBM saw them; other codes are
of this file, and nobody reads them.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
import xgboost
from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.platforms.watsonx.identity import Identity

DEPLOYMENT, SERVING_NAME, SPACE = "b3c8f1a2-5d7e-4f60-9a1b-2c3d4e5f6071", "transit_minutes", "a-space"
UNSUPPORTED = "00000000-5d7e-4f60-9a1b-2c3d4e5f6071"
"""A deployment whose software specification IBM has discontinued."""
Handler = Callable[[Request], Awaitable[Response]]


class WmlError(Exception):
    """An error that the service answers: status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message


class Watsonx:
    """One deployment; ``asset`` is what it serves, ``calls`` counts what was scored."""

    def __init__(self, booster: Path, identity: Identity) -> None:
        self.identity, self.calls = identity, 0
        self.asset = {"id": "9f0c2d7a-1111-4222-8333-444455556666", "rev": "1"}
        self._booster = xgboost.Booster(model_file=booster)

    def app(self) -> Starlette:
        v4 = "/ml/v4/deployments"
        return Starlette(
            routes=[
                *self.identity.routes(),
                Route("/ml/wml_services/v2/version", _version),
                Route("/v2/spaces/{space}", self._checked(_space)),
                Route(v4, self._checked(self.find)),
                Route(f"{v4}/{{name}}", self._checked(self.describe)),
                Route(f"{v4}/{{name}}/predictions", self._checked(self.predict), methods=["POST"]),
            ],
            exception_handlers={WmlError: _answer},
        )

    async def predict(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name == UNSUPPORTED:
            text = "Invalid request entity: Unsupported software specification 'runtime-22.1-py3.9'."
            raise WmlError(400, "invalid_request_entity", text)
        if name not in (DEPLOYMENT, SERVING_NAME):
            raise WmlError(404, "does_not_exist", f"Deployment {name} does not exist.")
        try:
            given = (await request.json())["input_data"][0]
            minutes = self._score(given["fields"], given["values"])
        except json.JSONDecodeError as error:
            raise WmlError(400, "json_type_error", f"Json document is not valid: {error}.") from error
        except (LookupError, TypeError, ValueError) as error:
            text = f"{error!r} in {__file__}, line 1"  # IBM passes on what the model's code raised
            raise WmlError(400, "invalid_input_argument", text) from error
        self.calls += 1
        values = [[number] for number in minutes]
        return JSONResponse({"predictions": [{"fields": ["prediction"], "values": values}]})

    def _score(self, fields: Sequence[str], values: Sequence[Sequence[JsonValue]]) -> list[float]:
        """By the fields' names, as the service does for a model with a schema. A null is missing."""
        table = np.array(values, dtype=np.float32)
        features = self._booster.feature_names or fields
        columns = [fields.index(name) for name in features]
        matrix = xgboost.DMatrix(table[:, columns], feature_names=self._booster.feature_names)
        return [float(number) for number in self._booster.predict(matrix)]

    async def describe(self, request: Request) -> Response:
        _check_space(request)
        if request.path_params["name"] != DEPLOYMENT:
            raise WmlError(404, "does_not_exist", "The deployment does not exist.")
        return JSONResponse(self._details())

    async def find(self, request: Request) -> Response:
        _check_space(request)
        found = request.query_params.get("serving_name") == SERVING_NAME
        return JSONResponse({"resources": [self._details()] if found else []})

    def _details(self) -> dict[str, JsonValue]:
        online: JsonValue = {"parameters": {"serving_name": SERVING_NAME}}
        entity: dict[str, JsonValue] = {"asset": {**self.asset}, "online": online, "space_id": SPACE}
        entity["status"] = {"state": "ready"}
        return {"metadata": {"id": DEPLOYMENT, "name": "transit", "space_id": SPACE}, "entity": entity}

    def _checked(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            refusal = self.identity.refusal(request.headers.get("authorization", ""))
            if refusal:
                raise WmlError(401, refusal, "Failed to authenticate the request.")
            if request.url.path.startswith("/ml/v4/") and not request.query_params.get("version"):
                raise WmlError(400, "missing_version", "The query parameter version is mandatory.")
            return await handler(request)

        return checked


def _check_space(request: Request) -> None:
    if request.query_params.get("space_id") != SPACE:
        raise WmlError(400, "missing_space", "Either space_id or project_id has to be given.")


async def _version(_: Request) -> Response:
    return JSONResponse({"version": "5.2.0"})


async def _space(request: Request) -> Response:
    space = request.path_params["space"]
    return JSONResponse({"metadata": {"id": space}, "entity": {"name": "a space"}})


async def _answer(_: Request, error: Exception) -> Response:
    assert isinstance(error, WmlError)
    errors = [{"code": error.code, "message": error.message, "more_info": "https://cloud.ibm.com/apidocs"}]
    body = {"trace": "2a5cdea2f1102ba3", "errors": errors, "status_code": str(error.status)}
    return JSONResponse(body, error.status)
