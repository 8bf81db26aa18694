"""What the health checks answer."""

from typing import Literal, TypeAlias

from app.schemas.values.wire import Documented, Wire


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


FindingStatus: TypeAlias = Literal["ok", "warning", "fault", "unavailable", "skipped"]


class Finding(Documented):
    """What one check of `doctor` has found."""

    check: str
    status: FindingStatus
    """`fault`: something is set up wrongly. `unavailable`: a part is away now. `skipped`: not looked at."""
    said: str
    do: str | None = None
    """What to do about it."""
