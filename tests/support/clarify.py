"""An endpoint of orders with SageMaker Clarify, scripted: ten times the ratio, and 5 for the baseline."""

import json

from pydantic import JsonValue

from tests.support.aws_stub import Answer, AwsStub, Request, reply
from tests.support.orders import answer_ten_times, invocations

BASE = 5.0
OPTIONS: dict[str, JsonValue] = {"endpoint_name": "transit", "explainer": {"kind": "clarify"}}


def explains(request: Request) -> bool:
    """Whether a call asks for explanations."""
    return request.headers.get("x-amzn-sagemaker-enable-explanations") == "`true`"


def explaining(aws: AwsStub) -> list[Request]:
    """The calls so far that asked for explanations."""
    return [request for request in invocations(aws) if explains(request)]


def clarify(request: Request) -> Answer:
    """Also plays the control plane, as ``answer_ten_times`` does."""
    answer = answer_ten_times(request)
    return (
        answer if "invocations" not in request.path else reply(document(answer, explained=explains(request)))
    )


def either(request: Request) -> Answer:
    """The same, for versions without an explainer, too."""
    is_clarifys = "x-amzn-sagemaker-enable-explanations" in request.headers
    return clarify(request) if is_clarifys else answer_ten_times(request)


def document(answer: Answer, *, explained: bool) -> JsonValue:
    """The model's answer in Clarify's form."""
    data = answer.body.decode()
    rows: JsonValue = [[{"attributions": [{"attribution": [float(one) - BASE]}]}] for one in data.split()]
    return {
        "version": "1.0",
        "predictions": {"content_type": "text/csv; charset=utf-8", "data": data},
        "explanations": {"kernel_shap": rows} if explained else {},
    }


def explained_reply(*outputs: float) -> Answer:
    """That these are the predictions."""
    rows: JsonValue = [[{"attributions": [{"attribution": [one - BASE]}]}] for one in outputs]
    predictions: JsonValue = {"content_type": "text/csv", "data": "\n".join(map(json.dumps, outputs))}
    return reply({"version": "1.0", "predictions": predictions, "explanations": {"kernel_shap": rows}})
