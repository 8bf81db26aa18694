"""Add to evaluations and prediction jobs what they left out, and a warning where much of them failed."""

import sqlalchemy as sa
from alembic import op

revision = "8c4f1e6b27a9"
down_revision = "5d0e2c81fa37"
branch_labels = None
depends_on = None

TABLES = ("evaluations", "prediction_jobs")
COUNTS = ("without_time", "unfit")


def upgrade() -> None:
    for table in TABLES:
        for count in COUNTS:
            op.add_column(table, sa.Column(count, sa.Integer(), server_default="0", nullable=False))
        op.add_column(table, sa.Column("warning", sa.Text()))


def downgrade() -> None:
    for table in TABLES:
        for column in ("warning", *COUNTS):
            op.drop_column(table, column)
