"""Give evaluations their progress, their records, intervals and buckets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "3b1c7a90d2f4"
down_revision = "e15633f0452c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evaluations", sa.Column("predicted", sa.Integer(), server_default="0", nullable=False))
    op.add_column("evaluations", sa.Column("failed", sa.Integer(), server_default="0", nullable=False))
    op.add_column("evaluations", sa.Column("error", sa.Text()))
    op.add_column("evaluations", sa.Column("kind", sa.Text(), server_default="quality", nullable=False))
    op.add_column("evaluations", sa.Column("report", sa.Text()))
    op.add_column("evaluations", sa.Column("etag", sa.Text()))
    op.create_unique_constraint("uq_evaluations_report_etag", "evaluations", ["report", "etag"])
    op.add_column("evaluations", sa.Column("started_at", sa.DateTime(timezone=True)))
    op.create_index("ix_evaluations_finished_at", "evaluations", ["finished_at"])
    op.create_table(
        "evaluation_items",
        sa.Column("evaluation_id", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("prediction_id", sa.BigInteger(), nullable=False),
        sa.Column("truth", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("groups", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("bucket", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluations.id"],
            name=op.f("fk_evaluation_items_evaluation_id_evaluations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["prediction_id"],
            ["predictions.id"],
            name=op.f("fk_evaluation_items_prediction_id_predictions"),
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "record_id", name=op.f("pk_evaluation_items")),
    )
    op.add_column("evaluation_metrics", sa.Column("bucket", sa.Text(), server_default="", nullable=False))
    op.add_column("evaluation_metrics", sa.Column("low", sa.Double()))
    op.add_column("evaluation_metrics", sa.Column("high", sa.Double()))
    op.add_column(
        "evaluation_metrics", sa.Column("small", sa.Boolean(), server_default="false", nullable=False)
    )
    _key("evaluation_id", "metric", "slice", "bucket")
    op.create_index("ix_evaluation_metrics_metric_value", "evaluation_metrics", ["metric", "value"])


def downgrade() -> None:
    op.drop_index("ix_evaluation_metrics_metric_value", "evaluation_metrics")
    op.execute("delete from evaluation_metrics where bucket <> ''")
    _key("evaluation_id", "metric", "slice")
    for column in ("small", "high", "low", "bucket"):
        op.drop_column("evaluation_metrics", column)
    op.drop_table("evaluation_items")
    op.drop_index("ix_evaluations_finished_at", "evaluations")
    op.drop_constraint("uq_evaluations_report_etag", "evaluations")
    for column in ("started_at", "etag", "report", "kind", "error", "failed", "predicted"):
        op.drop_column("evaluations", column)


def _key(*columns: str) -> None:
    op.drop_constraint("pk_evaluation_metrics", "evaluation_metrics", type_="primary")
    op.create_primary_key("pk_evaluation_metrics", "evaluation_metrics", columns)
