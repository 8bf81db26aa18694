"""Keep a ledger: what was inferred, what was answered, and what inferences cost.

What was inferred is tallied by a trigger, so that it follows from the rows of predictions in their own
transaction, whoever writes them, the release before too. The trigger only adds rows: who stores never waits
for another one. It does so as the owner of the tables, since the service's role may have no right to the new
ones yet.

What is stored already is tallied hour by hour: 2 s for a million predictions. Only to make the trigger, for a
moment, are those who store kept waiting. If it is interrupted after that, it begins anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "4b8e02d7c9f5"
down_revision = "e8130b94d6af"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
AT_ONCE = 1_000_000
"""Predictions that one statement reads."""

PREFIX = "coalesce(current_setting('app.record_prefix', true), '')"
MODELS = "coalesce(current_setting('app.models', true), '')"
OF_MODEL = f"({MODELS} = '' or model_id = any((select known_models())::bigint[]))"
OF_VERSION = f"({MODELS} = '' or model_version_id = any((select known_versions())::bigint[]))"
POLICIES = {
    # Tallies are of all records: there is none for who is bound to some. Anybody's work is noted.
    "inference_tallies": f"using ({PREFIX} = '' and {OF_VERSION}) with check (true)",
    "answer_tallies": f"using ({PREFIX} = '' and {OF_VERSION}) with check (true)",
    "prices": f"using ({OF_MODEL})",
}

BOUNDS = (
    *(
        "0.00025",
        "0.0005",
        "0.001",
        "0.002",
        "0.003",
        "0.005",
        "0.0075",
        "0.01",
        "0.015",
        "0.02",
        "0.03",
        "0.05",
    ),
    *("0.075", "0.1", "0.15", "0.25", "0.5", "0.75", "1", "2.5", "5", "10", "30", "60"),
)
"""Seconds, as app.core.signals has them for whatever is told to callers."""
_LIST = ", ".join(BOUNDS)
UPTO = f"""
    (cast(array[{_LIST}, 'Infinity'] as float8[]))[
        1 + width_bucket(latency_ms / 1000, cast(array[{_LIST}] as float8[]))]
"""
TALLY = f"""
    insert into {{schema}}inference_tallies
        (at, grain, model_version_id, upto, rows, copies, calls, call_seconds)
    select date_trunc('{{span}}', case when source_id is null then computed_at else {{copied_at}} end, 'UTC'),
           {{grain}}, model_version_id, {UPTO},
           count(*) filter (where source_id is null),
           count(source_id),
           count(*) filter (where inference_position = 0 and source_id is null)
               + count(distinct latency_ms) filter (where inference_id is null and source_id is null),
           (
               coalesce(sum(latency_ms) filter (where inference_position = 0 and source_id is null), 0)
               + coalesce(
                   sum(distinct latency_ms) filter (where inference_id is null and source_id is null), 0)
           ) / 1000
    from {{rows}}
    group by 1, 3, 4
"""
"""A call is counted at its first row; of a platform whose calls have no names, rows that were stored together
and took as long were one."""
FUNCTION = """
    create function tally_inferences() returns trigger language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $$ begin {tally}; return null; end $$
"""
TRIGGER = """
    create trigger tally_inferences after insert on predictions referencing new table as created
    for each statement execute function tally_inferences()
"""


def upgrade() -> None:
    _undo(if_exists="if exists")
    op.create_table(
        "inference_tallies",
        *_tally_columns(),
        sa.Column("model_version_id", sa.BigInteger(), nullable=False),
        sa.Column("upto", sa.Double(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("copies", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("call_seconds", sa.Double(), nullable=False),
        *_tally_constraints("inference_tallies"),
    )
    op.create_table(
        "answer_tallies",
        *_tally_columns(),
        sa.Column("model_version_id", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("upto", sa.Double(), nullable=False),
        sa.Column("answers", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Uuid(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        *_tally_constraints("answer_tallies"),
    )
    for table in ("inference_tallies", "answer_tallies"):
        op.create_index(f"ix_{table}_grain_at", table, ["grain", "at"])
        op.create_index(f"ix_{table}_model_version_id", table, ["model_version_id"])
    op.create_index(
        *("uq_answer_tallies_note_line", "answer_tallies", ["note", "line"]),
        unique=True,
        postgresql_where=sa.text("note is not null"),
    )
    _create_prices()
    for table, policy in POLICIES.items():
        op.execute(f"create policy tenants on {table} {policy}")
        op.execute(f"alter table {table} enable row level security")
    newest = _create_trigger()
    with op.get_context().autocommit_block():
        pass  # commits: those who store go on
    for first in range(0, newest, AT_ONCE):
        rows = f"predictions where id > {first} and id <= {min(first + AT_ONCE, newest)}"
        op.execute(TALLY.format(schema="", span="hour", copied_at="computed_at", grain=2, rows=rows))


def _tally_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("grain", sa.SmallInteger(), server_default="0", nullable=False),
    ]


def _tally_constraints(table: str) -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_versions.id"],
            name=f"fk_{table}_model_version_id_model_versions",
            ondelete="CASCADE",
        ),
    ]


def _create_prices() -> None:
    op.create_table(
        "prices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("model_version_id", sa.BigInteger(), nullable=True),
        sa.Column("per", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_prices"),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_prices_model_id_models", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_versions.id"],
            name="fk_prices_model_version_id_model_versions",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_prices_model_id_id", "prices", ["model_id", "id"])
    op.create_index("ix_prices_model_version_id", "prices", ["model_version_id"])


def _create_trigger() -> int:
    """The id of the newest prediction that it has not seen. To make it takes a lock that who stores waits
    for, and an insert takes its id once it has its own."""
    schema = op.get_bind().scalar(sa.text("select quote_ident(current_schema())"))
    tally = TALLY.format(schema=f"{schema}.", span="minute", copied_at="now()", grain=0, rows="created")
    op.execute(FUNCTION.format(tally=tally))
    op.execute(TRIGGER)
    return int(op.get_bind().scalar(sa.text("select coalesce(max(id), 0) from predictions")) or 0)


def downgrade() -> None:
    _undo()


def _undo(if_exists: str = "") -> None:
    op.execute(f"drop trigger {if_exists} tally_inferences on predictions")
    op.execute(f"drop function {if_exists} tally_inferences()")
    for table in ("prices", "answer_tallies", "inference_tallies"):
        op.execute(f"drop table {if_exists} {table}")
