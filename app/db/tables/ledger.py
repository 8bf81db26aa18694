"""The tables of the ledger: what was inferred, what was answered, and what inferences cost."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Double, ForeignKey, Identity, Index, Numeric, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, Now

AS_NOTED, OF_A_MINUTE, OF_AN_HOUR, OF_A_DAY, FOLDED_NOTE = range(5)
"""Grains of tallies: as they came, several for a minute; one for each minute, hour or day (UTC). And what is
none: it says for a day that a note of answers was taken, when its lines are folded already."""


class InferenceTallyRow(Base):
    """Predictions that were stored in a minute, an hour or a day, of one version and with about one latency.

    A trigger on the predictions adds them, in the transaction that stores these; see the migration
    ``keep_a_ledger``. They outlive the predictions.
    """

    __tablename__ = "inference_tallies"
    __table_args__ = (Index("ix_inference_tallies_grain_at", "grain", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    """When the minute, hour or day began in which they were computed; copies, in which they were copied."""
    grain: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    model_version_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("model_versions.id", ondelete="CASCADE")
    )
    upto: Mapped[float] = mapped_column(Double)
    """Seconds: the upper bound of the calls' latency, infinite in the last bucket."""
    rows: Mapped[int] = mapped_column(BigInteger)
    """Predictions that a platform was paid for."""
    copies: Mapped[int] = mapped_column(BigInteger)
    """Predictions copied from those of another record with the same content."""
    calls: Mapped[int] = mapped_column(BigInteger)
    """Calls to the platform that carried the rows."""
    call_seconds: Mapped[float] = mapped_column(Double)
    """How long those calls took, together."""


class AnswerTallyRow(Base):
    """Predictions that a process told callers in a minute, an hour or a day, alike in what stands here."""

    __tablename__ = "answer_tallies"
    __table_args__ = (
        Index("ix_answer_tallies_grain_at", "grain", "at"),
        Index(
            *("uq_answer_tallies_note_line", "note", "line"),
            unique=True,
            postgresql_where=text("note is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    """When the minute, hour or day began in which they were noted, a few seconds after they were told."""
    grain: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    model_version_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("model_versions.id", ondelete="CASCADE")
    )
    """Null where the answer, an error, is of no version that there is."""
    origin: Mapped[str]
    outcome: Mapped[str]
    cause: Mapped[str]
    """The slug of the problem, of an error."""
    upto: Mapped[float] = mapped_column(Double)
    """Seconds: the upper bound of how long the caller waited, infinite in the last bucket."""
    answers: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[UUID | None]
    """What a process notes at a time it notes once, however often it has to try; null in what was folded."""
    line: Mapped[int | None]


class PriceRow(Base):
    """What inferences of a model or of one version cost from a moment on. Prices are only ever added.

    Null amounts end the price that was in force.
    """

    __tablename__ = "prices"
    __table_args__ = (
        Index("ix_prices_model_id_id", "model_id", "id"),
        Index("ix_prices_model_version_id", "model_version_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    model_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("models.id", ondelete="CASCADE"))
    model_version_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("model_versions.id", ondelete="CASCADE")
    )
    """Null: of all versions that have none of their own."""
    per: Mapped[str | None]
    amount: Mapped[Decimal | None] = mapped_column(Numeric())
    currency: Mapped[str | None]
    """ISO 4217."""
    valid_from: Mapped[datetime]
    """When a day begins, by UTC."""
    created_at: Mapped[datetime] = mapped_column(server_default=Now)
