"""From a model version to its hosting platform: chunks, retries and the deadline, all in this one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue

from app.core.errors import AppError
from app.core.settings import Settings
from app.schemas.deployments import Deployment
from app.schemas.rows import Row


@dataclass(frozen=True)
class Inferred:
    """What the model answered for one row.

    ``revision`` is what the platform says answered (None: it does not say); ``latency_ms`` is the time of the
    call that carried the row, shared with the rows beside it.
    """

    output: JsonValue
    revision: str | None
    latency_ms: float


Outcome: TypeAlias = Inferred | AppError
"""One row's fate; errors are values, so that a bad row does not spoil its neighbours."""


class Inference:
    """The open backends of this process, one per deployment id."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def predict(self, deployment: Deployment, rows: Sequence[Row], deadline: float) -> list[Outcome]:
        """One outcome per row, in order. ``deadline`` is a time of the running loop, in seconds."""
        raise NotImplementedError

    async def revision(self, deployment: Deployment) -> str | None:
        """What the platform has deployed now; None where it cannot say. Raises BackendError if unreachable."""
        raise NotImplementedError

    async def validate(self, deployment: Deployment) -> None:
        """Open the backend once and close it: InvalidInput names the option that is wrong. Calls nothing."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close every backend."""
        raise NotImplementedError
