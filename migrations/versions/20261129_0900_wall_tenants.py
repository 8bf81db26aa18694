"""Note within what runs, jobs and keys of requests were asked for, and let policies hide what is another's.

A caller who may not know of everything is told to each transaction by two settings, ``app.record_prefix``
and ``app.models``. Where neither is set, as for workers and keys that are bound to nothing, the policies let
everything pass. They do not concern the owner of the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "d08b3c6f51a7"
down_revision = "e2b8d4417f60"
branch_labels = None
depends_on = None

PREFIXED = ("evaluations", "prediction_jobs", "idempotency_keys")

PREFIX = "coalesce(current_setting('app.record_prefix', true), '')"
MODELS = "coalesce(current_setting('app.models', true), '')"
ANY_MODEL, ANYTHING = f"{MODELS} = ''", f"({PREFIX} = '' and {MODELS} = '')"
NAMED = f"name = any(string_to_array({MODELS}, ','))"

# In plpgsql, which is not taken into the query: who is bound to no models does not pay for their tables. Who
# is asks once in a statement: a subquery that hangs on nothing else is not run again for the next row.
KNOWN = {
    "known_models": f"select id from models where {NAMED}",
    "known_versions": f"""
        select version.id from model_versions version join models on models.id = version.model_id
        where {NAMED}
    """,
}
OF_MODEL = f"({ANY_MODEL} or model_id = any((select known_models())::bigint[]))"
OF_VERSION = f"({ANY_MODEL} or model_version_id = any((select known_versions())::bigint[]))"
OF_EVALUATION = f"({ANYTHING} or evaluation_id in (select id from evaluations))"
POLICIES = {
    "models": f"{ANY_MODEL} or {NAMED}",
    "model_versions": OF_MODEL,
    "evaluation_schedules": f"{PREFIX} = '' and {OF_MODEL}",
    "input_objects": f"starts_with(id, {PREFIX})",
    "labels": f"starts_with(record_id, {PREFIX})",
    "predictions": f"starts_with(record_id, {PREFIX}) and {OF_VERSION}",
    "evaluations": f"starts_with(record_prefix, {PREFIX}) and {OF_VERSION}",
    "evaluation_items": f"starts_with(record_id, {PREFIX}) and {OF_EVALUATION}",
    "evaluation_metrics": OF_EVALUATION,
    "prediction_jobs": f"starts_with(record_prefix, {PREFIX}) and {OF_VERSION}",
    "prediction_job_chunks": f"{ANYTHING} or job_id in (select id from prediction_jobs)",
    "idempotency_keys": f"{ANYTHING} or (record_prefix = {PREFIX} and models = {MODELS})",
}


def upgrade() -> None:
    for table in PREFIXED:
        op.add_column(
            table, sa.Column("record_prefix", sa.Text(collation="C"), server_default="", nullable=False)
        )
    op.add_column("idempotency_keys", sa.Column("models", sa.Text(), server_default="", nullable=False))
    for name, rows in KNOWN.items():
        op.execute(f"""
            create function {name}() returns bigint[] language plpgsql stable parallel safe
            as $$ begin return array({rows}); end $$
        """)
    for table, condition in POLICIES.items():
        op.execute(f"create policy tenants on {table} using ({condition})")
        op.execute(f"alter table {table} enable row level security")


def downgrade() -> None:
    for table in reversed(POLICIES):
        op.execute(f"alter table {table} disable row level security")
        op.execute(f"drop policy tenants on {table}")
    for name in reversed(KNOWN):
        op.execute(f"drop function {name}()")
    # Without a word of whose they are they would be in their owners' way, who could not see them.
    op.execute("delete from idempotency_keys where record_prefix <> '' or models <> ''")
    op.drop_column("idempotency_keys", "models")
    for table in reversed(PREFIXED):
        op.drop_column(table, "record_prefix")
