"""What the service's role may do with the tables of another role, which owns and migrates them."""

from collections.abc import Iterator, Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from app.db.server.soundness import APPEND_ONLY, NEEDED, RIGHTS

_ROLE = text("select quote_ident(:role), quote_ident(current_schema()), quote_ident(current_database())")
_LACKING = text("""
    select current_user <> :role and (
        not has_schema_privilege(:role, current_schema(), 'usage')
        or not has_database_privilege(:role, current_database(), 'temp')
        or exists (
            select from unnest(cast(:tables as text[]), cast(:rights as text[])) wanted (name, privilege)
            join pg_class on relname = wanted.name and relnamespace = current_schema()::regnamespace
            where not has_table_privilege(:role, pg_class.oid, privilege))
        or exists (
            select from pg_class where relkind = 'S' and relnamespace = current_schema()::regnamespace
            and pg_get_userbyid(relowner) = current_user
            and case when relkind = 'S' then not (has_sequence_privilege(:role, oid, 'usage')
                and has_sequence_privilege(:role, oid, 'select')) end)
        or exists (
            select from pg_class where relname = any(:append_only)
            and relnamespace = current_schema()::regnamespace
            and has_table_privilege(:role, oid, 'update')))
""").bindparams(
    bindparam("tables", type_=ARRAY(Text())),
    bindparam("rights", type_=ARRAY(Text())),
    bindparam("append_only", type_=ARRAY(Text())),
)
_MAY_IMPORT = text("select has_database_privilege(:role, current_database(), 'temp')")
"""Imports go through a temporary table."""
_SEQUENCES = text("""
    select quote_ident(relname) from pg_class
    where relkind = 'S' and relnamespace = current_schema()::regnamespace
      and pg_get_userbyid(relowner) = current_user
""")


async def are_lacking(owner: AsyncConnection, role: str) -> bool:
    """Whether the role has less than it needs, or more than it should of what is only added to."""
    return bool(await owner.scalar(_LACKING, {"role": role, "append_only": list(APPEND_ONLY), **NEEDED}))


async def give(owner: AsyncConnection, role: str) -> None:
    """Have the role read and write rows, in a transaction; nothing else of the tables is its own."""
    sequences = (await owner.scalars(_SEQUENCES)).all()
    name, schema, database = (await owner.execute(_ROLE, {"role": role})).one()
    for statement in _statements(name, schema, sequences):
        await owner.execute(text(statement))
    if not await owner.scalar(_MAY_IMPORT, {"role": role}):
        await owner.execute(text(f"grant temporary on database {database} to {name}"))


def _statements(role: str, schema: str, sequences: Sequence[str]) -> Iterator[str]:
    yield f"grant usage on schema {schema} to {role}"
    for table, rights in RIGHTS.items():
        yield f"grant {', '.join(rights)} on {table} to {role}"
    for table in APPEND_ONLY:
        yield f"revoke update, delete on {table} from {role}"
    if sequences:
        yield f"grant usage, select on sequence {', '.join(sequences)} to {role}"
