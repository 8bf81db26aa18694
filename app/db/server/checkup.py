"""What `doctor` asks the server about itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_IDENTITY = text("""
    select current_setting('server_version') as version, current_user as role,
           current_database() as database, pg_postmaster_start_time() as started
""")
_ROOM = text("""
    select current_setting('max_connections')::int
             - current_setting('superuser_reserved_connections')::int
             - coalesce(current_setting('reserved_connections', true)::int, 0) as server,
           (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user) as role,
           (select nullif(datconnlimit, -1) from pg_database where datname = current_database()) as database,
           (select count(*) from pg_stat_activity
            where backend_type = 'client backend' and pid <> pg_backend_pid()) as used
""")
_CODES = text("""
    select distinct pipeline_version from (
        select pipeline_version from predictions where computed_at > now() - interval '1 hour'
        order by computed_at desc, id desc limit 200
    ) lately order by pipeline_version
""")
_NOW = text("select clock_timestamp()")


class Identity(NamedTuple):
    """Which server and database this is, and as whom it is asked."""

    version: str
    role: str
    database: str
    started: datetime

    def is_same_database(self, other: "Identity") -> bool:
        return (self.database, self.started) == (other.database, other.started)


class Room(NamedTuple):
    """Connections that the server has for roles like ours, and limits of the role and the database, if any;
    ``used`` counts those of everybody."""

    server: int
    role: int | None
    database: int | None
    used: int

    @property
    def most(self) -> int:
        return min(one for one in (self.server, self.role, self.database) if one is not None)


async def identity(connection: AsyncConnection) -> Identity:
    return Identity(*(await connection.execute(_IDENTITY)).one())


async def room(connection: AsyncConnection) -> Room:
    return Room(*(await connection.execute(_ROOM)).one())


async def now(connection: AsyncConnection) -> datetime:
    """The server's clock."""
    found: datetime = (await connection.execute(_NOW)).scalar_one()
    return found


async def codes_lately(connection: AsyncConnection) -> Sequence[str]:
    """The versions of pipelines that the newest predictions of the last hour were made with."""
    return (await connection.scalars(_CODES)).all()
