"""Who did what, on the wire."""

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import JsonValue

from app.schemas.values.wire import Documented, Wire

AuditAction: TypeAlias = Literal[
    "registered", "promoted", "rolled back", "deleted", "priced", "purged", "key created", "key revoked"
]
"""What is noted."""


class AuditEntry(Documented):
    """Something that was done, by whom, and when."""

    id: int
    at: datetime
    actor: str
    """The name of the key; `anybody` where none was asked for, `service` for what workers do by themselves,
    `cli:` and the user of the system for commands."""
    action: AuditAction
    subject: str
    """What it was done to: a model, its version, records, a key."""
    details: dict[str, JsonValue]
    """Names and counts. Nothing of a record is in it, its id neither."""
    request_id: str | None
    """The same as in the log."""


class AuditPage(Wire):
    """Entries, the newest first."""

    items: list[AuditEntry]
    next_cursor: str | None
