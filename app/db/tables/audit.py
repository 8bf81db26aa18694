"""The table of who did what."""

from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import BigInteger, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, Now


class AuditRow(Base):
    """Something that was done, in the transaction that did it. Nobody changes or deletes it: a role that does
    not own the table has no right to (see `db.server.grants`).

    ``subject`` is what it was done to, by the names of models, versions and keys; ``details`` are counts and
    names. Nothing in it is a customer's: neither a record's id nor what a filter asked for.
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=Now)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False, server_default="{}")
    request_id: Mapped[str | None]
