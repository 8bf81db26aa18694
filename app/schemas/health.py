"""What the health checks answer."""

from typing import Literal

from app.schemas.values.wire import Wire


class Liveness(Wire):
    status: Literal["ok"] = "ok"


class PartStatus(Wire):
    """One part; ``reason`` says why it is not ok. It is unknown where only the missing database could say."""

    status: Literal["ok", "unavailable", "unknown"]
    reason: str | None = None


class Readiness(Wire):
    """The whole: ``degraded`` still serves what is stored."""

    status: Literal["ok", "degraded", "unavailable"]
    parts: dict[str, PartStatus]
