"""What the health checks answer."""

from typing import Literal

from pydantic import BaseModel


class Liveness(BaseModel):
    status: Literal["ok"] = "ok"


class PartStatus(BaseModel):
    """One part; ``reason`` says why it is not ok. It is unknown where only the missing database could say."""

    status: Literal["ok", "unavailable", "unknown"]
    reason: str | None = None


class Readiness(BaseModel):
    """The whole: ``degraded`` still serves what is stored."""

    status: Literal["ok", "degraded", "unavailable"]
    parts: dict[str, PartStatus]
