"""The tables of what callers have used of what they may."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base


class KeyRequestsRow(Base):
    """How many requests a key has left, at a time; they come back at its rate (see db.access.limits).

    UNLOGGED: after a crash every key begins with a full second.
    """

    __tablename__ = "key_requests"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    key_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tokens: Mapped[float]
    granted: Mapped[int] = mapped_column(BigInteger)
    """How many the last statement took."""
    at: Mapped[datetime]


class KeyInferencesRow(Base):
    """How many inferences a key with a budget has used of it on a day, by UTC. They are kept."""

    __tablename__ = "key_inferences"

    key_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("api_keys.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    inferences: Mapped[int] = mapped_column(BigInteger)
    granted: Mapped[int] = mapped_column(BigInteger)
    """How many the last statement took."""
