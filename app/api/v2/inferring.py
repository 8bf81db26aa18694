"""Predictions of many records by the protocol."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter, Request, Response
from pydantic import JsonValue

from app.api.access.scopes import PREDICT
from app.api.deps import PredictorDep, StaleIfError
from app.api.entry.noting import Noting, NotingDep, PredictionRoute
from app.api.http import media
from app.api.http.problems import OF_BODIES
from app.api.predictions import FAILURES
from app.api.v2 import predicting, tensors
from app.api.v2.errors import ROOT, TAG, responses
from app.api.v2.predicting import ToldRecords
from app.api.v2.reading import BINARY, HEADER_LENGTH, TAKEN, AskedRecords, read
from app.schemas.ids import Name
from app.schemas.predictions.protocol import InferenceAnswer
from app.services.predictions.predictor import Ask, Predictor
from app.services.use_case import UseCase

router = APIRouter(prefix=ROOT, tags=[TAG], route_class=PredictionRoute, dependencies=[PREDICT])

BODY = {
    "required": True,
    "content": {
        media.JSON: {"schema": {"$ref": "#/components/schemas/InferenceRequest"}},
        BINARY: {"schema": {"type": "string", "format": "binary"}},
    },
}


@router.post(
    "/models/{model}/infer",
    summary="Predict records as tensors",
    response_model=InferenceAnswer,
    responses=responses(*FAILURES, *OF_BODIES),
    openapi_extra={"requestBody": BODY},
    dependencies=[TAKEN],
)
async def infer_model(
    model: Name,
    request: Request,
    predictor: PredictorDep,
    noting: NotingDep,
    stale_if_error: StaleIfError = None,
) -> Response:
    """Predict many records by the live version: the input is one tensor `record_id`, of BYTES.

    The binary tensor data extension is understood. The whole call fails where one record cannot be predicted;
    the error names the first of them, and why.
    """
    return await _infer(request, Ask(model, stale_if_error=stale_if_error), predictor, noting)


@router.post(
    "/models/{model}/versions/{version}/infer",
    summary="Predict records as tensors by a version",
    response_model=InferenceAnswer,
    responses=responses(*FAILURES, *OF_BODIES),
    openapi_extra={"requestBody": BODY},
    dependencies=[TAKEN],
)
async def infer_model_version(
    model: Name,
    version: Name,
    request: Request,
    predictor: PredictorDep,
    noting: NotingDep,
    stale_if_error: StaleIfError = None,
) -> Response:
    """The same by a version, live or not."""
    return await _infer(request, Ask(model, version, stale_if_error=stale_if_error), predictor, noting)


async def _infer(request: Request, ask: Ask, predictor: Predictor, noting: Noting) -> Response:
    wanted = await read(request, ask.model or "")
    outputs = dict(wanted.outputs) or {tensors.PREDICTION: wanted.parameters.binary_data_output}
    predicting.require_known(outputs)
    ask = _with_parameters(ask, wanted)
    with noting.asked("batch", len(wanted.record_ids)):
        alone = [*outputs] == [tensors.PREDICTION]
        told = await predicting.predict(predictor, wanted.record_ids, ask, alone=alone)
        response = _response(wanted, ask, told, outputs, predictor.use_case)
    noting.told_hits(ask.model or "", told.hits)
    noting.told_each(told.answers)
    return response


def _with_parameters(ask: Ask, wanted: AskedRecords) -> Ask:
    timeout = wanted.parameters.timeout
    until = None if timeout is None else asyncio.get_running_loop().time() + timeout / 1e6
    return replace(ask, refresh=wanted.parameters.refresh, until=until)


def _response(
    wanted: AskedRecords, ask: Ask, told: ToldRecords, outputs: Mapping[str, bool], use_case: UseCase
) -> Response:
    datatype = tensors.datatype_of(use_case)
    columns = [told.column(name, datatype, is_binary=is_binary) for name, is_binary in outputs.items()]
    said: dict[str, JsonValue] = {} if wanted.id is None else {"id": wanted.id}
    said["model_name"] = ask.model
    if len(versions := told.versions) == 1:
        said["model_version"] = versions.pop()
    said["parameters"] = {"cached": told.cached}
    body, json_length = tensors.answer(said, columns, is_column=wanted.is_column)
    if json_length is None:
        return Response(body, media_type=media.JSON)
    return Response(body, headers={HEADER_LENGTH: str(json_length)}, media_type=BINARY)
