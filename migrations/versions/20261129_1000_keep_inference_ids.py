"""Keep what a call was called towards the platform, a row's place in it, and what the model said beside it.

A release before leaves them null, and reads none of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "7b1e95c04fd2"
down_revision = "d08b3c6f51a7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("predictions", sa.Column("inference_id", sa.Text(), nullable=True))
    op.add_column("predictions", sa.Column("inference_position", sa.Integer(), nullable=True))
    op.add_column("predictions", sa.Column("custom_attributes", sa.Text(), nullable=True))


def downgrade() -> None:
    for name in ("custom_attributes", "inference_position", "inference_id"):
        op.drop_column("predictions", name)
