"""The tables. What each is for is in DESIGN's words in ARCHITECTURE.md; changes are Alembic migrations."""

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

MAX_ID = 200
"""Longest id of a record, in characters."""


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # `none_as_null` is off: a JSON null is a value, a missing one is SQL's NULL.
    type_annotation_map = {str: Text(), datetime: DateTime(timezone=True), JsonValue: JSONB()}


Now = func.now()
RecordKey = Text(collation="C")
"""A record's id, ordered by code points: the same everywhere, and by prefix from the primary key's index."""


class InputObjectRow(Base):
    __tablename__ = "input_objects"
    __table_args__ = (CheckConstraint(f"length(id) between 1 and {MAX_ID}", name="id_length"),)

    id: Mapped[str] = mapped_column(RecordKey, primary_key=True)
    payload: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False)
    content_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=Now)
    updated_at: Mapped[datetime] = mapped_column(server_default=Now)


class LabelRow(Base):
    """The truth about a record, which arrives later."""

    __tablename__ = "labels"

    record_id: Mapped[str] = mapped_column(
        RecordKey, ForeignKey("input_objects.id", ondelete="CASCADE"), primary_key=True
    )
    value: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False)
    observed_at: Mapped[datetime] = mapped_column(index=True)


class ModelRow(Base):
    __tablename__ = "models"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    live_version_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("model_versions.id", use_alter=True)
    )
    created_at: Mapped[datetime] = mapped_column(server_default=Now)


class ModelVersionRow(Base):
    __tablename__ = "model_versions"
    __table_args__ = (UniqueConstraint("model_id", "version"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    model_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("models.id", ondelete="CASCADE"))
    version: Mapped[str]
    backend: Mapped[str]
    options: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False)
    features: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    revision: Mapped[str] = mapped_column(server_default="")
    """What the platform last said is deployed; empty where it cannot say."""
    revision_checked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=Now)


class PromotionRow(Base):
    """Every move of a model's live pointer; a roll-back undoes the newest that still stands."""

    __tablename__ = "promotions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    model_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("models.id", ondelete="CASCADE"), index=True)
    version_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("model_versions.id", ondelete="CASCADE"))
    promoted_at: Mapped[datetime] = mapped_column(server_default=Now)
    rolled_back_at: Mapped[datetime | None]


class PredictionRow(Base):
    """Append-only. The row whose superseded_at is null is the cache entry of its key.

    No foreign key to the record: what was answered stays on the books when the record is deleted.
    Outputs are JSON, not JSONB, so that 1e20 comes back as it was given.
    """

    __tablename__ = "predictions"
    __table_args__ = (
        Index(
            "uq_predictions_current",
            *("record_id", "model_version_id", "content_hash", "pipeline_version", "revision"),
            unique=True,
            postgresql_where=text("superseded_at is null"),
        ),
        Index("ix_predictions_model_version_id_id", "model_version_id", "id"),
        Index("ix_predictions_record_id_id", "record_id", "id"),
        Index("ix_predictions_computed_at_id", "computed_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    model_version_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("model_versions.id"))
    revision: Mapped[str]
    pipeline_version: Mapped[str]
    record_id: Mapped[str] = mapped_column(RecordKey)
    content_hash: Mapped[str]
    output: Mapped[JsonValue] = mapped_column(JSON(), nullable=False)
    raw_output: Mapped[JsonValue] = mapped_column(JSON(), nullable=False)
    latency_ms: Mapped[float]
    """Milliseconds of the call to the platform that carried this row, shared with the rows beside it."""
    computed_at: Mapped[datetime] = mapped_column(server_default=Now)
    expires_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]


class ClaimRow(Base):
    """Who computes a key now, or why the last attempt failed. Transient: UNLOGGED, empty after a crash."""

    __tablename__ = "inference_claims"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    record_id: Mapped[str] = mapped_column(RecordKey, primary_key=True)
    model_version_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    content_hash: Mapped[str] = mapped_column(primary_key=True)
    pipeline_version: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[UUID]
    beacon: Mapped[int | None] = mapped_column(BigInteger)
    """Advisory lock that the owner's process holds while it lives; null behind a pooler."""
    lease_until: Mapped[datetime] = mapped_column(index=True)
    error: Mapped[JsonValue | None] = mapped_column(JSONB(none_as_null=True))
    retry_at: Mapped[datetime | None]


class EvaluationRow(Base):
    """One evaluation run: of predictions against truths, of drift, or imported from a report.

    ``filter`` is what was asked for; ``report`` the key of its CSV, ``etag`` that of an imported one.
    """

    __tablename__ = "evaluations"
    __table_args__ = (UniqueConstraint("report", "etag"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    model_version_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("model_versions.id"), index=True)
    filter: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False)
    state: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="quality")
    report: Mapped[str | None]
    etag: Mapped[str | None]
    records: Mapped[int] = mapped_column(server_default="0")
    labelled: Mapped[int] = mapped_column(server_default="0")
    predicted: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    """How often a worker began it."""
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
    """Many predictions asked for at once; ``result`` is the key of the object they were written to."""

    __tablename__ = "prediction_jobs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    model_version_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("model_versions.id"), index=True)
    engine: Mapped[str]
    request: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False)
    state: Mapped[str]
    records: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    result: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=Now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class PredictionJobChunkRow(Base):
    """A part of a job that one worker does at a time.

    ``attempts`` counts the starts: a worker whose count is no longer the row's has lost the chunk to another.
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


class ApiKeyRow(Base):
    """A key a caller may use, kept as the SHA-256 of its random text."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    key_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    created_at: Mapped[datetime] = mapped_column(server_default=Now)
    expires_at: Mapped[datetime | None]
