"""A batch through the user's code, the platform, and the user's code again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from pydantic import JsonValue

from app.core.errors import AppError
from app.core.signals import timed
from app.schemas.hosting.calls import NO_NOTES, CallNotes
from app.schemas.hosting.deployments import Deployment
from app.schemas.hosting.explained import parted
from app.services.hosting.outcomes import Inferred
from app.services.inference import Inference
from app.services.pipeline.good import good, spread
from app.services.pipeline.limits import Time
from app.services.pipeline.stages import Stages


@dataclass(frozen=True)
class Computed:
    """One item's prediction: the output for callers, the model's own, and where and how fast it came from.

    ``latency_ms`` is the time of the platform call that carried the row.
    """

    output: JsonValue
    raw_output: JsonValue
    revision: str | None
    latency_ms: float
    variant: str | None = None
    notes: CallNotes = NO_NOTES
    explanation: JsonValue = None
    """A schemas.hosting.explained.Contributions, where the deployment is one that is explained."""


Outcome: TypeAlias = Computed | AppError


async def run(
    stages: Stages,
    inference: Inference,
    deployment: Deployment,
    payloads: Sequence[JsonValue],
    *,
    deadline: float,
) -> list[Outcome]:
    """One outcome per payload, in order. ``deadline`` is a time of the running loop, in seconds.

    Misconfigured if the deployment takes features that preprocess does not make.
    """
    time = Time(asyncio.get_running_loop().time(), deadline)
    rows = await timed("preprocess", stages.rows(payloads, deployment, time))
    answering = inference.predict(deployment, good(rows), deadline)
    inferred = spread(rows, await timed("inference", answering))
    explained: list[JsonValue] = [None] * len(inferred)
    if deployment.explained:
        inferred, explained = _parted(inferred)
    answered = [
        (outcome.output, payload)
        for outcome, payload in zip(inferred, payloads, strict=True)
        if not isinstance(outcome, AppError)
    ]
    outputs = spread(inferred, await timed("postprocess", stages.outputs(answered, deployment, time)))
    return [_combine(*one) for one in zip(inferred, outputs, explained, strict=True)]


def _parted(answers: Sequence[Inferred | AppError]) -> tuple[list[Inferred | AppError], list[JsonValue]]:
    """The answers as a deployment without an explainer gives them, and the explanations."""
    plain: list[Inferred | AppError] = []
    explanations: list[JsonValue] = []
    for one in answers:
        if isinstance(one, AppError):
            plain.append(one)
            explanations.append(None)
        else:
            output, explanation = parted(one.output)
            plain.append(replace(one, output=output))
            explanations.append(explanation)
    return plain, explanations


def _combine(answer: Inferred | AppError, output: JsonValue | AppError, explanation: JsonValue) -> Outcome:
    if isinstance(answer, AppError):
        return answer
    if isinstance(output, AppError):
        return output
    told = answer.revision, answer.latency_ms, answer.variant, answer.notes
    return Computed(output, answer.output, *told, explanation)
