"""Answers of an endpoint with an explainer (developer guide, Clarify, "Invoke the endpoint")."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import jmespath  # type: ignore[import-untyped]
import numpy as np
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from pydantic import JsonValue

from app.local.endpoint.clarify import records, shapley
from app.local.endpoint.clarify.config import ClarifyExplainer
from app.local.endpoint.errors import validation_error
from app.local.endpoint.model import ContainerAnswer

AskModel: TypeAlias = Callable[[bytes], Awaitable[ContainerAnswer]]
"""Asks the endpoint's model about other records, in the form of the request."""

ENABLE = "x-amzn-sagemaker-enable-explanations"


async def explained(
    explainer: ClarifyExplainer,
    body: bytes,
    headers: Mapping[str, str],
    answer: ContainerAnswer,
    ask: AskModel,
) -> ContainerAnswer:
    """The model's answer in Clarify's form, with explanations of the records that are to have some."""
    kind, answer_kind = records.kind_of(headers.get("content-type")), answer.headers.get("content-type", "")
    data = answer.body.decode()
    said: dict[str, JsonValue] = {
        "version": "1.0",
        "predictions": {"content_type": answer_kind, "data": data},
        "explanations": {},
    }
    if explainer.label_headers:
        said["label_headers"] = [*explainer.label_headers]
    outputs = records.outputs(data, records.kind_of(answer_kind))
    expression = headers.get(ENABLE) or explainer.enable or "`true`"
    chosen = [_is_chosen(expression, output) for output in outputs]
    if any(chosen):
        each: list[JsonValue] = [None] * len(outputs)
        for place, row in enumerate(records.rows(body, kind)):
            if chosen[place]:
                each[place] = await _explain(explainer, row, kind, ask)
        said["explanations"] = {"kernel_shap": each}
    kept = {**answer.headers, "content-type": "application/json"}
    return ContainerAnswer(200, json.dumps(said).encode(), kept)


def _is_chosen(expression: str, output: JsonValue) -> bool:
    try:
        found = jmespath.search(expression, output)
    except JMESPathError as error:
        raise validation_error(f"The EnableExplanations expression cannot be evaluated: {error}") from error
    if not isinstance(found, bool):
        raise validation_error("The EnableExplanations expression is neither true nor false.")
    return found


async def _explain(explainer: ClarifyExplainer, row: records.Cells, kind: str, ask: AskModel) -> JsonValue:
    baseline = records.rows(explainer.baseline.encode(), records.CSV)
    if len(row) > shapley.MOST_FEATURES or any(len(one) != len(row) for one in baseline):
        most = f"at most {shapley.MOST_FEATURES} features, as many as the baseline"
        raise validation_error(f"A record has {len(row)} features; the local explainer takes {most}.")
    answer = await ask(records.request(shapley.synthetic(row, baseline), kind))
    if answer.status != 200:
        raise validation_error("The model does not answer the explainer's synthetic records.")
    outputs = records.outputs(answer.body.decode(), records.kind_of(answer.headers.get("content-type")))
    found = shapley.values(_numbers(explainer, outputs), len(row), len(baseline))
    headers: list[str | None] = [*explainer.feature_headers] or [None] * len(row)
    return [
        {**({"feature_header": header} if header else {}), "attributions": [{"attribution": each.tolist()}]}
        for header, each in zip(headers, found, strict=True)
    ]


def _numbers(explainer: ClarifyExplainer, outputs: list[JsonValue]) -> "NDArray[np.float64]":
    place = explainer.probability
    chosen = outputs if place is None else [one[place] for one in outputs]  # type: ignore[index]
    numbers = np.array([one if isinstance(one, list) else [one] for one in chosen], dtype=np.float64)
    return np.log(numbers / (1 - numbers)) if explainer.use_logit else numbers
