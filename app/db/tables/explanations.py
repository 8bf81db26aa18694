"""What made predictions what they are."""

from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, Now, RecordKey


class ExplanationRow(Base):
    """What features contributed to a prediction, where somebody asked for it; it goes with the prediction.

    Record and version are the prediction's, by which the tables' policies go.
    """

    __tablename__ = "explanations"

    prediction_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("predictions.id", ondelete="CASCADE"), primary_key=True
    )
    model_version_id: Mapped[int] = mapped_column(BigInteger)
    record_id: Mapped[str] = mapped_column(RecordKey)
    value: Mapped[JsonValue] = mapped_column(JSON(), nullable=False)
    """A schemas.hosting.explained.Contributions, whose features stay in their order."""
    computed_at: Mapped[datetime] = mapped_column(server_default=Now)
