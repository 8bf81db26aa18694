"""Note the model that a record has of its own, by the user's model_for; null: the default one.

A release before this one knows nothing of it: what it writes has none, and what it replaces keeps the last.
Processes that keep predictions in memory are told where only that changes, too.
"""

import sqlalchemy as sa
from alembic import op

revision = "b72f5d08c3e4"
down_revision = "a41c7e90b352"
branch_labels = None
depends_on = None

# The function of the migration `tell_memories`, with another condition.
FUNCTION = """
    create or replace function tell_memories_of_input_objects() returns trigger language plpgsql as $$
    begin
        if exists (select from memories where until > now()) then
            if tg_op = 'UPDATE' then
                perform tell_memories(array(
                    select id from changed join became using (id) where {condition} limit 201
                ));
            else
                perform tell_memories(array(select id from changed limit 201));
            end if;
        end if;
        return null;
    end $$
"""
CONTENT = "changed.content_hash is distinct from became.content_hash"
OWN_MODEL = "changed.own_model is distinct from became.own_model"


def upgrade() -> None:
    op.add_column("input_objects", sa.Column("own_model", sa.Text(), nullable=True))
    op.execute(FUNCTION.format(condition=f"({CONTENT} or {OWN_MODEL})"))


def downgrade() -> None:
    op.execute(FUNCTION.format(condition=CONTENT))
    op.drop_column("input_objects", "own_model")
