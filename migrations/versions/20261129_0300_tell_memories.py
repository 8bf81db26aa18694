"""Tell processes that keep predictions in memory what has changed, if there are any.

By triggers, so that no writer can forget it, and none of another release does. A notification holds a lock on
the whole database until its transaction is on the disk; that is paid only while somebody keeps a memory.
"""

import sqlalchemy as sa
from alembic import op

revision = "d9b3075f61ce"
down_revision = "c4f1a86e20d7"
branch_labels = None
depends_on = None

# What changed, as a JSON list of record ids; * for everything, where that is more than a notification holds.
TELL = """
    create function tell_memories(ids text[]) returns void language sql as $$
        select pg_notify('memories', case when octet_length(list) < 7900 then list else '*' end)
        from cast(to_json(ids) as text) list
        where cardinality(ids) between 1 and 200
        union all
        select pg_notify('memories', '*') where cardinality(ids) > 200
    $$
"""
FUNCTION = """
    create function tell_memories_of_{table}() returns trigger language plpgsql as $$
    begin
        if exists (select from memories where until > now()) then
            if tg_op = 'UPDATE' then
                perform {on_update};
            else
                perform {on_delete};
            end if;
        end if;
        return null;
    end $$
"""
OF_ROWS = "tell_memories(array(select {id} from {rows} limit 201))"
OF_ALL = "pg_notify('memories', '*') where exists (select from {rows})"
BOTH = "changed join became using (id) where changed.{column} is distinct from became.{column}"
TABLES = {
    "input_objects": (
        OF_ROWS.format(id="id", rows=BOTH.format(column="content_hash")),
        OF_ROWS.format(id="id", rows="changed"),
    ),
    "predictions": (
        OF_ROWS.format(id="distinct changed.record_id", rows=BOTH.format(column="superseded_at")),
        OF_ROWS.format(id="distinct record_id", rows="changed"),
    ),
    "models": (OF_ALL.format(rows=BOTH.format(column="live_version_id")), OF_ALL.format(rows="changed")),
    "model_versions": (OF_ALL.format(rows=BOTH.format(column="revisions")), OF_ALL.format(rows="changed")),
}
"""What is said when rows are updated, and when they are deleted."""


def upgrade() -> None:
    op.create_table(
        "memories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_memories"),
        prefixes=["UNLOGGED"],
    )
    op.execute(TELL)
    for table, (on_update, on_delete) in TABLES.items():
        op.execute(FUNCTION.format(table=table, on_update=on_update, on_delete=on_delete))
        for event, rows in (
            ("update", "old table as changed new table as became"),
            ("delete", "old table as changed"),
        ):
            op.execute(
                f"create trigger tell_memories_of_{event} after {event} on {table} referencing {rows} "
                f"for each statement execute function tell_memories_of_{table}()"
            )


def downgrade() -> None:
    for table in TABLES:
        for event in ("update", "delete"):
            op.execute(f"drop trigger tell_memories_of_{event} on {table}")
        op.execute(f"drop function tell_memories_of_{table}")
    op.execute("drop function tell_memories")
    op.drop_table("memories")
