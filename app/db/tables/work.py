"""The tables of what workers do, and of the keys under which it was asked for."""

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, Now, RecordKey
from app.schemas.access.callers import CURRENT

UNDER_WAY = ("queued", "running")
"""The states of an evaluation, a job or a chunk that has not ended."""


def _asker() -> int | None:
    return CURRENT.get().key_id


class EvaluationRow(Base):
    """One evaluation run: of predictions against truths, of drift, or imported from a report.

    ``filter`` is what was asked for; ``without_time`` and ``unfit`` count the records that were left out.
    ``report`` is the key of its CSV, ``etag`` that of an imported one.
    """

    __tablename__ = "evaluations"
    __table_args__ = (UniqueConstraint("report", "etag"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    model_version_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("model_versions.id"), index=True)
    filter: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False)
    state: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="quality")
    record_prefix: Mapped[str] = mapped_column(RecordKey, server_default="")
    """Of who asked for it: it is done within that, and known to who may know of all of that."""
    report: Mapped[str | None]
    etag: Mapped[str | None]
    records: Mapped[int] = mapped_column(server_default="0")
    labelled: Mapped[int] = mapped_column(server_default="0")
    without_time: Mapped[int] = mapped_column(server_default="0")
    unfit: Mapped[int] = mapped_column(server_default="0")
    predicted: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    warning: Mapped[str | None]
    error: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    """How often a worker began it, and did not hand it back."""
    key_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("api_keys.id"), default=_asker)
    """Whose budget its inferences are of: that of who asked for it; null: nobody's."""
    created_at: Mapped[datetime] = mapped_column(server_default=Now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)


class EvaluationItemRow(Base):
    """A record that a run judged: the prediction and the truth of then, so that runs can be compared."""

    __tablename__ = "evaluation_items"

    evaluation_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("evaluations.id", ondelete="CASCADE"), primary_key=True
    )
    record_id: Mapped[str] = mapped_column(RecordKey, primary_key=True)
    prediction_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("predictions.id"), index=True)
    truth: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False)
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    """The slices it belongs to, as ``name=value``."""
    bucket: Mapped[str] = mapped_column(server_default="")


class EvaluationMetricRow(Base):
    """One metric of one group; value null, with the reason, where it is undefined."""

    __tablename__ = "evaluation_metrics"
    __table_args__ = (
        CheckConstraint("(value is null) <> (reason is null)", name="value_or_reason"),
        CheckConstraint("value not in ('NaN', 'Infinity', '-Infinity')", name="value_is_finite"),
        Index("ix_evaluation_metrics_metric_value", "metric", "value"),
    )

    evaluation_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("evaluations.id", ondelete="CASCADE"), primary_key=True
    )
    metric: Mapped[str] = mapped_column(primary_key=True)
    slice: Mapped[str] = mapped_column(primary_key=True, server_default="")
    bucket: Mapped[str] = mapped_column(primary_key=True, server_default="")
    value: Mapped[float | None]
    reason: Mapped[str | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    n: Mapped[int]
    small: Mapped[bool] = mapped_column(server_default="false")


class EvaluationScheduleRow(Base):
    """When a model's live version is evaluated by itself; ``error`` says why the last time failed."""

    __tablename__ = "evaluation_schedules"

    model_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("models.id"), primary_key=True)
    cron: Mapped[str]
    request: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False)
    next_run: Mapped[datetime]
    last_evaluation_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("evaluations.id", ondelete="SET NULL")
    )
    error: Mapped[str | None]


class PredictionJobRow(Base):
    """Many predictions asked for at once; ``result`` is the key of the object they were written to.

    ``without_time`` and ``unfit`` count the records that were left out.
    """

    __tablename__ = "prediction_jobs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    model_version_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("model_versions.id"), index=True)
    engine: Mapped[str]
    request: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False)
    record_prefix: Mapped[str] = mapped_column(RecordKey, server_default="")
    """As that of an evaluation."""
    state: Mapped[str]
    records: Mapped[int] = mapped_column(server_default="0")
    without_time: Mapped[int] = mapped_column(server_default="0")
    unfit: Mapped[int] = mapped_column(server_default="0")
    warning: Mapped[str | None]
    error: Mapped[str | None]
    result: Mapped[str | None]
    key_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("api_keys.id"), default=_asker)
    """Whose budget its inferences are of: that of who asked for it; null: nobody's."""
    created_at: Mapped[datetime] = mapped_column(server_default=Now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class PredictionJobChunkRow(Base):
    """A part of a job that one worker does at a time.

    ``attempts`` counts the starts that were not handed back: a worker whose count is no longer the row's has
    lost the chunk to another.
    ``prediction_ids`` are in the order of ``record_ids``, null where ``errors`` says, by record, why.
    """

    __tablename__ = "prediction_job_chunks"
    __table_args__ = (UniqueConstraint("job_id", "number"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("prediction_jobs.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="queued")
    attempts: Mapped[int] = mapped_column(server_default="0")
    record_ids: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    prediction_ids: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger()))
    predicted: Mapped[int] = mapped_column(server_default="0")
    hits: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    errors: Mapped[JsonValue | None] = mapped_column(JSONB(none_as_null=True))
    operation_ids: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger()))
    """By what each record is computed, where the platform answers later; in the order of ``record_ids``."""


class IdempotencyKeyRow(Base):
    """A key under which a request was done: a fingerprint of what it said, and what was answered.

    ``key`` is the caller's own text, after a digest of what the caller is bound to, if it is: two tenants may
    use the same one.
    """

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(primary_key=True)
    record_prefix: Mapped[str] = mapped_column(RecordKey, server_default="")
    models: Mapped[str] = mapped_column(server_default="")
    """Names with commas between them; empty: any."""
    fingerprint: Mapped[str]
    reply: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False)
    created_at: Mapped[datetime] = mapped_column(server_default=Now, index=True)


class WorkerRow(Base):
    """A worker that lives until then, unless it shows life again (see db.queue.lives).

    UNLOGGED: after a crash all of them note themselves anew.
    """

    __tablename__ = "workers"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    until: Mapped[datetime]
