"""Let a key be bound, limited and revoked, and note when it was used.

Nothing reads the table before this release.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c51e7a9b20d4"
down_revision = "a84c20d5e913"
branch_labels = None
depends_on = None

NAMES = ("models", "record_prefix", "requests_per_second", "inferences_per_day", "revoked_at", "last_used_at")


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("models", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column(
        "api_keys", sa.Column("record_prefix", sa.Text(collation="C"), server_default="", nullable=False)
    )
    op.add_column("api_keys", sa.Column("requests_per_second", sa.Float(), nullable=True))
    op.add_column("api_keys", sa.Column("inferences_per_day", sa.BigInteger(), nullable=True))
    op.add_column("api_keys", sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("api_keys", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in reversed(NAMES):
        op.drop_column("api_keys", name)
