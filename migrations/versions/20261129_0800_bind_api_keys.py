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
    """What a release before would let such a key do, and one after it once more, nobody has allowed."""
    op.execute("""
        update api_keys set expires_at = least(expires_at, revoked_at, now())
        where revoked_at is not null or models is not null or record_prefix <> ''
           or requests_per_second is not null or inferences_per_day is not null
    """)
    for name in reversed(NAMES):
        op.drop_column("api_keys", name)
