"""What became of each row that went to a model."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from pydantic import JsonValue

from app.backends.base import Deployed, Reply
from app.core import strict_json
from app.core.errors import AppError, BackendError, BadOutput, InvalidInput
from app.schemas.hosting.calls import NO_NOTES, CallNotes

MAX_REVISION = 500
"""Characters."""
MAX_ATTRIBUTES = 1024
"""Characters: SageMaker sends no more."""


@dataclass(frozen=True)
class Inferred:
    """What the model answered for one row.

    ``revision`` is what the platform says answered (None: it does not say), ``variant`` under which of the
    names of a look; ``latency_ms`` is the time of the call that carried the row, shared with the rows beside
    it, retries and waiting for a free slot left out.
    """

    output: JsonValue
    revision: str | None
    latency_ms: float
    variant: str | None = None
    notes: CallNotes = NO_NOTES


InferenceOutcome: TypeAlias = Inferred | AppError
"""One row's fate; errors are values, so that a bad row does not spoil its neighbours."""


def read(reply: Reply, expected: int, latency_ms: float) -> list[InferenceOutcome]:
    """One outcome per row of a reply. Raises BadOutput where they are not ``expected`` in number."""
    if len(reply.outputs) != expected:
        raise BadOutput(f"The model answered {len(reply.outputs)} rows for {expected}.")
    revision, variant = checked_revision(reply.revision), checked_revision(reply.variant)
    told, attributes = Inferred(None, revision, latency_ms, variant), _kept(reply.custom_attributes)
    if reply.inference_id is None and attributes is None:
        return [_outcome(output, told) for output in reply.outputs]
    return [
        _outcome(output, replace(told, notes=CallNotes(reply.inference_id, position, attributes)))
        for position, output in enumerate(reply.outputs)
    ]


def _kept(said: str | None) -> str | None:
    """As much of it as can be stored and shown: no prediction is lost for what a model says beside it."""
    if not said:
        return None
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in said[:MAX_ATTRIBUTES])


def checked_revision(said: str | None) -> str | None:
    """What the platform said, if it can be kept: a prediction that cannot be stored is paid for again."""
    if said is not None and not (said.isprintable() and 0 < len(said) <= MAX_REVISION):
        raise BadOutput("The platform's name for what is deployed cannot be kept.")
    return said


def checked_look(found: Deployed | None) -> Deployed | None:
    """What a look found, if all its names can be kept."""
    if found is not None:
        if not found.revisions:
            raise BadOutput("The look at the platform found nothing in service.")
        for name in (*found.revisions, *found.variants, *found.variants.values()):
            checked_revision(name)
    return found


def _outcome(output: JsonValue | BackendError | InvalidInput, told: Inferred) -> InferenceOutcome:
    if isinstance(output, AppError):
        return output
    try:
        strict_json.check(output)
    except InvalidInput as error:
        return BadOutput(f"The model's answer for this row cannot be kept: {error.detail}")
    return replace(told, output=output)
