"""Keep what is asked for and answered later: while it is open there is one for a content, whoever asks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a41c7e90b352"
down_revision = "a71e5d20c9b4"
branch_labels = None
depends_on = None

OPEN = sa.text("state in ('queued', 'running')")
MOMENT = sa.DateTime(timezone=True)
KEY = ("content_hash", "model_version_id", "pipeline_version", "epoch", "record_prefix")

PREFIX = "coalesce(current_setting('app.record_prefix', true), '')"
MODELS = "coalesce(current_setting('app.models', true), '')"
OF_VERSION = f"({MODELS} = '' or model_version_id = any((select known_versions())::bigint[]))"
POLICY = f"starts_with(record_prefix, {PREFIX}) and starts_with(record_id, {PREFIX}) and {OF_VERSION}"


def upgrade() -> None:
    op.create_table(
        "operations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("model_version_id", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("pipeline_version", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("record_prefix", sa.Text(collation="C"), server_default="", nullable=False),
        sa.Column("submits", sa.Boolean(), nullable=False),
        sa.Column("payload", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("refresh", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ticket", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("submitted_epoch", sa.BigInteger(), nullable=True),
        sa.Column("error", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("retry_at", MOMENT, nullable=True),
        sa.Column("prediction_id", sa.BigInteger(), nullable=True),
        sa.Column("key_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=op.f("fk_operations_key_id_api_keys")),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_versions.id"],
            name=op.f("fk_operations_model_version_id_model_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
    )
    op.create_index("uq_operations_open", "operations", [*KEY], unique=True, postgresql_where=OPEN)
    op.create_index("ix_operations_due_at", "operations", ["due_at"], postgresql_where=OPEN)
    op.create_index(
        *("ix_operations_retry_at", "operations", ["content_hash"]),
        postgresql_where=sa.text("retry_at is not null"),
    )
    for column in ("model_version_id", "record_id", "finished_at"):
        op.create_index(op.f(f"ix_operations_{column}"), "operations", [column])
    op.add_column(
        "prediction_job_chunks",
        sa.Column("operation_ids", postgresql.ARRAY(sa.BigInteger()), nullable=True),
    )
    op.execute(f"create policy tenants on operations using ({POLICY})")
    op.execute("alter table operations enable row level security")


def downgrade() -> None:
    op.drop_column("prediction_job_chunks", "operation_ids")
    op.drop_table("operations")
