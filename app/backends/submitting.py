"""What a platform may offer beside ``base.Backend``: to take a row now, and to answer later."""

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from app.backends.base import Backend, Reply
from app.schemas.payloads import Sendable


class Ticket(BaseModel):
    """What a platform took to answer later. It is kept as JSON, for whichever process fetches it."""

    model_config = ConfigDict(frozen=True)

    inference_id: str
    output: str
    """Where the answer will be; a backend's own text."""
    failure: str = ""
    """Where it will be told why there is none; empty where nobody tells."""
    payload: bool = False
    """Whether it was a payload and no row: answers are read otherwise."""
    seconds: float
    """After so many nothing comes any more."""


class SubmittingBackend(Backend, Protocol):
    """One whose platform takes rows now, and answers later in a place of its own: its ``predict`` is never
    called, nor is ``predict_payload``. Such a version's options say ``submits``."""

    async def submit(self, given: Sendable, timeout: float) -> Ticket:
        """Hand one over: each has its own answer. It is one call, which may have been taken where it raises
        BackendTimeout. That it takes payloads ``longest_payload`` says, as in TakesPayloads."""
        ...

    async def collect(self, ticket: Ticket, timeout: float) -> Reply | None:
        """What became of it, a failure as its value; None where nothing is there yet.

        Raises BackendError where that could not be looked for; nobody needs to look again if it is not
        ``retryable``.
        """
        ...
