"""The tables that a prediction is answered from: records, models, the cache, and who may ask."""

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables.base import Base, Now, RecordKey

MAX_ID = 200
"""Longest id of a record, in characters."""


class InputObjectRow(Base):
    """A record: an input object under the callers' own id, and the hash of its canonical form."""

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
    """A model, and which of its versions is live."""

    __tablename__ = "models"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    live_version_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("model_versions.id", use_alter=True)
    )
    created_at: Mapped[datetime] = mapped_column(server_default=Now)


class ModelVersionRow(Base):
    """A registered version: a backend with its options. Only its revision ever changes."""

    __tablename__ = "model_versions"
    __table_args__ = (UniqueConstraint("model_id", "version"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    model_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("models.id", ondelete="CASCADE"))
    version: Mapped[str]
    backend: Mapped[str]
    options: Mapped[JsonValue] = mapped_column(JSONB(), nullable=False)
    features: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    revision: Mapped[str] = mapped_column(server_default="")
    """``revisions`` as one text, for the release before."""
    revision_checked_at: Mapped[datetime | None]
    revisions: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default='{""}')
    """Those in service, as the platform last said; one empty text where it has never said."""
    deployed: Mapped[JsonValue] = mapped_column(JSONB(), server_default="{}", nullable=False)
    """The rest of what it said: see schemas.hosting.deployments.InService."""
    epoch: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The number of the look that first found this; see the sequence ``looks``."""
    confirmed_up_to: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Predictions up to this id were stored before a look began that found the same as the one before."""
    place: Mapped[str | None] = mapped_column(index=True)
    """What is looked at: versions with the same place share one look. Null: not told yet."""
    created_at: Mapped[datetime] = mapped_column(server_default=Now)


class PlaceRow(Base):
    """When a place was last looked at: the mark lets one of several replicas take it."""

    __tablename__ = "places"

    place: Mapped[str] = mapped_column(primary_key=True)
    looked_at: Mapped[datetime]


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
            "uq_predictions_current_content",
            # The content first: what another record of the same content was answered is found, too.
            *("content_hash", "model_version_id", "pipeline_version", "record_id", "revision"),
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
    """By the TTL of the process that computed it; a lookup goes by its own."""
    superseded_at: Mapped[datetime | None]
    epoch: Mapped[int | None] = mapped_column(BigInteger)
    """The version's when the row was stored, where the revision is a look's word and not the reply's."""
    variant: Mapped[str | None]
    """The name that the reply gave for what answered, such as SageMaker's production variant."""
    source_id: Mapped[int | None] = mapped_column(BigInteger)
    """The prediction it was copied from, of another record with the same content."""
    inference_id: Mapped[str | None]
    """What the call was called towards the platform; of a copy its source has it."""
    inference_position: Mapped[int | None]
    """The row's place in that call, from 0."""
    custom_attributes: Mapped[str | None]
    """What the model said beside its outputs, to all rows of the call."""


class ClaimRow(Base):
    """Who computes a content now, or why the last try failed. Transient: UNLOGGED, empty after a crash."""

    __tablename__ = "content_claims"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    content_hash: Mapped[str] = mapped_column(primary_key=True)
    model_version_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    pipeline_version: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    owner: Mapped[UUID]
    beacon: Mapped[int | None] = mapped_column(BigInteger)
    """Advisory lock that the owner's process holds while it lives; null behind a pooler."""
    lease_until: Mapped[datetime] = mapped_column(index=True)
    error: Mapped[JsonValue | None] = mapped_column(JSONB(none_as_null=True))
    retry_at: Mapped[datetime | None]
    waiting: Mapped[bool] = mapped_column(server_default="false")
    """Another process waits for it, and is to be told when it is done."""


class MemoryRow(Base):
    """A process that keeps predictions in memory, and is to be told what changes (see db.listener).

    UNLOGGED: after a crash all of them connect anew.
    """

    __tablename__ = "memories"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class FormerClaimRow(Base):
    """The claims of the release before, which may still run. A later migration drops them."""

    __tablename__ = "inference_claims"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    record_id: Mapped[str] = mapped_column(RecordKey, primary_key=True)
    model_version_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    content_hash: Mapped[str] = mapped_column(primary_key=True)
    pipeline_version: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[UUID]
    beacon: Mapped[int | None] = mapped_column(BigInteger)
    lease_until: Mapped[datetime] = mapped_column(index=True)
    error: Mapped[JsonValue | None] = mapped_column(JSONB(none_as_null=True))
    retry_at: Mapped[datetime | None]


class ApiKeyRow(Base):
    """A key a caller may use, kept as the SHA-256 of its random text."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    key_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    models: Mapped[list[str] | None] = mapped_column(ARRAY(Text()))
    """Those it is bound to; null: any."""
    record_prefix: Mapped[str] = mapped_column(RecordKey, server_default="")
    """With which the ids of all records begin that it may know of."""
    requests_per_second: Mapped[float | None]
    inferences_per_day: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=Now)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    """To the minute or so."""
