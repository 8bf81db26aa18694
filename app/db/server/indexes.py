"""For migrations: an index on a table that the release before this one goes on reading and writing."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import text

_IS_INVALID = text("select not indisvalid from pg_index where indexrelid = to_regclass(:name)")


def create_concurrently(
    name: str, table: str, columns: Sequence[str], *, unique: bool = False, where: str | None = None
) -> None:
    """Make it, of the rows ``where`` this is so, without a lock that writers wait for; one that an
    interrupted try left invalid is made anew.

    It cannot be part of a transaction: what the migrations before it did is committed first, and the
    migration that calls it may be run again, so that it does nothing beside.
    """
    with op.get_context().autocommit_block():
        # It waits for every transaction that is older than it. One that gave up would be left invalid.
        op.execute("set lock_timeout = 0")
        if op.get_bind().scalar(_IS_INVALID, {"name": name}):
            op.execute(f'drop index concurrently "{name}"')
        op.create_index(
            *(name, table, list(columns)),
            unique=unique,
            postgresql_where=None if where is None else text(where),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.execute("set lock_timeout = '10s'")
