"""What is kept of the call to a platform that carried a row."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CallNotes:
    """None where the platform has no such thing."""

    inference_id: str | None = None
    """What the call was called towards the platform, whose own records of it have that name."""
    position: int | None = None
    """The row's place in the call, from 0."""
    custom_attributes: str | None = None
    """What the model said beside its outputs."""


NO_NOTES = CallNotes()
