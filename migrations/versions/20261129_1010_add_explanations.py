"""Keep what features contributed to predictions, for who asked for it; it goes with its prediction."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a71e5d20c9b4"
down_revision = "7b1e95c04fd2"
branch_labels = None
depends_on = None

PREFIX = "coalesce(current_setting('app.record_prefix', true), '')"
MODELS = "coalesce(current_setting('app.models', true), '')"
OF_VERSION = f"({MODELS} = '' or model_version_id = any((select known_versions())::bigint[]))"
"""As the policy of the predictions has it."""


def upgrade() -> None:
    op.create_table(
        "explanations",
        sa.Column("prediction_id", sa.BigInteger(), nullable=False),
        sa.Column("model_version_id", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("value", postgresql.JSON(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["prediction_id"],
            ["predictions.id"],
            name="fk_explanations_prediction_id_predictions",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("prediction_id", name="pk_explanations"),
    )
    op.execute(
        f"create policy tenants on explanations using (starts_with(record_id, {PREFIX}) and {OF_VERSION})"
    )
    op.execute("alter table explanations enable row level security")


def downgrade() -> None:
    op.drop_table("explanations")
