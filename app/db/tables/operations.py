"""The table of predictions that are answered later."""

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, Now, RecordKey
from app.schemas.access.callers import CURRENT

OPEN = text("state in ('queued', 'running')")


def _asker() -> int | None:
    return CURRENT.get().key_id


class OperationRow(Base):
    """A content that was asked for and is not answered yet, by callers who do not wait for it.

    The lasting twin of a claim: while it is open there is one for each content, version, code, epoch and
    record prefix, whoever asks. Workers take those that are due (see db.operations.working).
    """

    __tablename__ = "operations"
    __table_args__ = (
        Index(
            "uq_operations_open",
            *("content_hash", "model_version_id", "pipeline_version", "epoch", "record_prefix"),
            unique=True,
            postgresql_where=OPEN,
        ),
        Index("ix_operations_due_at", "due_at", postgresql_where=OPEN),
        Index("ix_operations_retry_at", "content_hash", postgresql_where=text("retry_at is not null")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    model_version_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("model_versions.id", ondelete="CASCADE"), index=True
    )
    record_id: Mapped[str] = mapped_column(RecordKey, index=True)
    """Of who asked first."""
    content_hash: Mapped[str]
    pipeline_version: Mapped[str]
    epoch: Mapped[int] = mapped_column(BigInteger)
    """The version's when it was asked for."""
    record_prefix: Mapped[str] = mapped_column(RecordKey, server_default="")
    """Of who asked: it is done within that, and known to who may know of all of that."""
    submits: Mapped[bool]
    """The platform takes it, and answers into a bucket; else a worker waits for the model."""
    payload: Mapped[JsonValue | None] = mapped_column(JSONB(none_as_null=True))
    """The input, until it has ended: what postprocess gets, whatever becomes of the record meanwhile."""
    refresh: Mapped[bool] = mapped_column(server_default="false")
    state: Mapped[str] = mapped_column(server_default="queued")
    owner: Mapped[UUID | None]
    """The worker that took it last."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    """How often it was begun to be sent."""
    due_at: Mapped[datetime] = mapped_column(server_default=Now)
    """When a worker may take it: none is at it by then, or it has died."""
    expires_at: Mapped[datetime]
    """When nobody waits for it any longer."""
    ticket: Mapped[JsonValue | None] = mapped_column(JSONB(none_as_null=True))
    """Where its answer will be: a backends.base.Ticket."""
    submitted_epoch: Mapped[int | None] = mapped_column(BigInteger)
    """The version's when it was sent."""
    error: Mapped[JsonValue | None] = mapped_column(JSONB(none_as_null=True))
    retry_at: Mapped[datetime | None]
    """Until then its failure is shared."""
    prediction_id: Mapped[int | None] = mapped_column(BigInteger)
    key_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("api_keys.id"), default=_asker)
    """Who asked first, and has paid for it."""
    created_at: Mapped[datetime] = mapped_column(server_default=Now)
    submitted_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)
