"""Note every revision that a version has in service, and with each prediction what is known of who made it.

The release before goes on with model_versions.revision and inference_claims, which a later one drops.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b7e20d94c1f3"
down_revision = "2b7d90c4e1f6"
branch_labels = None
depends_on = None

CURRENT = sa.text("superseded_at is null")


def upgrade() -> None:
    texts = postgresql.ARRAY(sa.Text())
    op.add_column("model_versions", sa.Column("revisions", texts, server_default='{""}', nullable=False))
    op.execute("update model_versions set revisions = array[revision]")
    op.add_column(
        "model_versions", sa.Column("deployed", postgresql.JSONB(), server_default="{}", nullable=False)
    )
    for column in ("epoch", "confirmed_up_to"):
        op.add_column(
            "model_versions", sa.Column(column, sa.BigInteger(), server_default="0", nullable=False)
        )
    op.add_column("model_versions", sa.Column("place", sa.Text()))
    op.create_index("ix_model_versions_place", "model_versions", ["place"])
    op.create_table(
        "places",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_places"),
    )
    op.execute("create sequence looks")
    op.add_column("predictions", sa.Column("epoch", sa.BigInteger()))
    op.add_column("predictions", sa.Column("variant", sa.Text()))
    op.add_column("predictions", sa.Column("source_id", sa.BigInteger()))
    op.create_table(
        "content_claims",
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("model_version_id", sa.BigInteger(), nullable=False),
        sa.Column("pipeline_version", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("beacon", sa.BigInteger()),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", postgresql.JSONB()),
        sa.Column("retry_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint(
            *("content_hash", "model_version_id", "pipeline_version", "epoch"), name="pk_content_claims"
        ),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_content_claims_lease_until", "content_claims", ["lease_until"])
    _replace(
        "uq_predictions_current",
        "uq_predictions_current_content",
        ["content_hash", "model_version_id", "pipeline_version", "record_id", "revision"],
    )


def downgrade() -> None:
    _replace(
        "uq_predictions_current_content",
        "uq_predictions_current",
        ["record_id", "model_version_id", "content_hash", "pipeline_version", "revision"],
    )
    op.drop_table("content_claims")
    for column in ("source_id", "variant", "epoch"):
        op.drop_column("predictions", column)
    op.execute("drop sequence looks")
    op.drop_table("places")
    op.drop_index("ix_model_versions_place", "model_versions")
    for column in ("place", "confirmed_up_to", "epoch", "deployed", "revisions"):
        op.drop_column("model_versions", column)


def _replace(old: str, new: str, columns: list[str]) -> None:
    """Predictions wait to be stored while the new index is built: seconds for some million rows."""
    op.create_index(new, "predictions", columns, unique=True, postgresql_where=CURRENT)
    op.drop_index(old, "predictions")
