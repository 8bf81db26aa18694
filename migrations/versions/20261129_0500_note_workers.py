"""Note which workers live, so that the API can say that none does.

UNLOGGED: after a crash they note themselves anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "a84c20d5e913"
down_revision = "d9b3075f61ce"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("workers")
