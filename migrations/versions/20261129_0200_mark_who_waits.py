"""Mark the claims that another process waits for: only for those is it told when they are done."""

import sqlalchemy as sa
from alembic import op

revision = "c4f1a86e20d7"
down_revision = "b7e20d94c1f3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "content_claims", sa.Column("waiting", sa.Boolean(), server_default="false", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("content_claims", "waiting")
