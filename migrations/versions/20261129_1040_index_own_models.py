"""Find the records of one own model, as jobs and evaluations ask for them, without reading all others.

Only records that have one are in it: who has none pays nothing.
"""

from alembic import op

from app.db.server.indexes import create_concurrently

revision = "e8130b94d6af"
down_revision = "b72f5d08c3e4"
branch_labels = None
depends_on = None

NAME = "ix_input_objects_own_model_id"


def upgrade() -> None:
    create_concurrently(NAME, "input_objects", ["own_model", "id"], where="own_model is not null")


def downgrade() -> None:
    op.drop_index(NAME, table_name="input_objects")
