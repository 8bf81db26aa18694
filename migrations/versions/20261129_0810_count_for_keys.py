"""Count what is used of a key's requests per second and inferences per day, and note whose a job is.

What is left of a second is UNLOGGED: after a crash every key begins with a full one.
"""

import sqlalchemy as sa
from alembic import op

revision = "5d3f90c7a1e8"
down_revision = "c51e7a9b20d4"
branch_labels = None
depends_on = None

WORK = ("prediction_jobs", "evaluations")


def upgrade() -> None:
    op.create_table(
        "key_requests",
        sa.Column("key_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_key_requests"),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "key_inferences",
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("inferences", sa.BigInteger(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "day", name="pk_key_inferences"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name="fk_key_inferences_key_id_api_keys"),
    )
    for table in WORK:
        op.add_column(table, sa.Column("key_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(f"fk_{table}_key_id_api_keys", table, "api_keys", ["key_id"], ["id"])


def downgrade() -> None:
    for table in reversed(WORK):
        op.drop_column(table, "key_id")
    op.drop_table("key_inferences")
    op.drop_table("key_requests")
