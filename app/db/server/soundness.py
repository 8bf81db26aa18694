"""What a database has to be for this service, beside being there and migrated."""

from collections.abc import Sequence

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.types import Text

from app.db.tables import Base

OLDEST = 16
"""The first version of Postgres that has `pg_input_is_valid`."""
QUEUE = ("pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics")
TABLES = (*(table.name for table in Base.metadata.sorted_tables), *QUEUE)
READ_ONLY = ("alembic_version",)
"""Only migrations write there."""
APPEND_ONLY = ("audit", "prices")
"""What is noted there nobody changes."""
ROWS = ("select", "insert", "update", "delete")
RIGHTS = (
    dict.fromkeys(TABLES, ROWS)
    | dict.fromkeys(READ_ONLY, ("select",))
    | dict.fromkeys(APPEND_ONLY, ("select", "insert"))
)
"""By table, what the service's role needs: its rows, and nothing of the table itself."""
NEEDED: dict[str, object] = {
    "tables": [table for table, rights in RIGHTS.items() for _ in rights],
    "rights": [right for rights in RIGHTS.values() for right in rights],
}
"""The same as parameters of a statement."""
NUMBERED: dict[str, tuple[str, str]] = {
    table.name: ("id", f"pg_get_serial_sequence('{table.name}', 'id')::regclass")
    for table in Base.metadata.sorted_tables
    if "id" in table.columns and table.columns["id"].identity is not None
} | {
    **{table: ("id", f"pg_get_serial_sequence('{table}', 'id')::regclass") for table in QUEUE},
    "model_versions (epoch)": ("epoch", "'looks'::regclass"),
}
"""Tables with a column that a sequence numbers: the column, and the sequence as SQL."""

_KIND = text("select current_setting('server_version_num')::int / 10000, current_setting('server_encoding')")

_LACKING = text("""
    select distinct relname from pg_class
    join unnest(cast(:tables as text[]), cast(:rights as text[])) needed (name, privilege) on name = relname
    where pg_table_is_visible(oid) and relkind in ('r', 'p') and not has_table_privilege(oid, privilege)
    union all
    select relname from pg_class
    where pg_table_is_visible(oid)
      and case when relkind = 'S' then not (has_sequence_privilege(oid, 'usage')
               and has_sequence_privilege(oid, 'select')) else false end
    order by relname
""").bindparams(bindparam("tables", type_=ARRAY(Text())), bindparam("rights", type_=ARRAY(Text())))

_POWERS = text("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")

_WRITE = text("delete from memories where false")
"""Refused where writing is, or by whoever may not, and changes nothing."""


def _behind(table: str) -> str:
    name = table.partition(" ")[0]
    column, sequence = NUMBERED[table]
    return f"""
        select '{table}' as said
        where (select max({column}) from {name}) > coalesce(pg_sequence_last_value({sequence}), 0)
    """


_BEHIND = text(" union all ".join(map(_behind, NUMBERED)))


def _catch_up(table: str) -> TextClause:
    name = table.partition(" ")[0]
    column, sequence = NUMBERED[table]
    return text(f"select setval({sequence}, (select max({column}) from {name}))")


_UNWALLED = text("""
    select not row_security_active('predictions') and exists (
        select from api_keys
        where (models is not null or record_prefix <> '')
          and revoked_at is null and (expires_at is null or expires_at > now())
    )
""")
UNWALLED = (
    "There are keys that are bound to models or records, and row-level security does not hold for the role of"
    " this service: it owns the tables, or bypasses it. Only the application keeps tenants apart."
)


async def unfitness(connection: AsyncConnection) -> str | None:
    """What is wrong with the server or the database for good, in words; None where nothing is."""
    version, encoding = (await connection.execute(_KIND)).one()
    if version < OLDEST:
        return f"The database is Postgres {version}; {OLDEST} or later is needed."
    if encoding != "UTF8":
        return f"The database's encoding is {encoding}: create it with ENCODING 'UTF8' TEMPLATE template0."
    return None


async def missing_rights(connection: AsyncConnection) -> str | None:
    """Which rights the role lacks that this release needs, in words; None where it has all."""
    if await connection.scalar(text("select current_schema()")) is None:
        return "The role of this service has no right to use a schema of its search_path."
    lacking = (await connection.scalars(_LACKING, NEEDED)).all()
    return f"The role of this service lacks rights on {_named(lacking)}." if lacking else None


async def needless_powers(connection: AsyncConnection) -> str | None:
    """What the role may do that the service never does, in words; None for a plain role."""
    if not await connection.scalar(_POWERS):
        return None
    return (
        "The role of this service is a superuser, or passes by row security: give it a role of its own, and"
        " migrate as another (MIGRATION_DATABASE_URL)."
    )


async def is_unwalled(session: AsyncSession) -> bool:
    """Whether there are tenants, and the policies of the tables do not concern our role."""
    return bool(await session.scalar(_UNWALLED))


async def behind(connection: AsyncConnection) -> Sequence[str]:
    """Tables whose next number is taken already, as after a copy that left the sequences out."""
    return (await connection.scalars(_BEHIND)).all()


async def catch_up(connection: AsyncConnection, table: str) -> None:
    """Set the sequence behind the highest number, in a transaction; nobody takes one meanwhile."""
    await connection.execute(text(f"lock table {table.partition(' ')[0]} in share row exclusive mode"))
    if table in await behind(connection):
        await connection.execute(_catch_up(table))


async def write(connection: AsyncConnection) -> None:
    """Raises what keeps a write from the database."""
    await connection.execute(_WRITE)


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
