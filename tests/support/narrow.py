"""A role that owns nothing, and may do what `migrate` gives it."""

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from app.db import migrate
from tests.support.postgres import MigratedServer, at_database, query
from tests.support.settings import IsolatedSettings

BACK = (
    "revoke all on all tables in schema public from {role}",
    "revoke all on all sequences in schema public from {role}",
    "revoke all on schema public from {role}",
)


def narrow_role_is_used() -> bool:
    """NARROW=1 has every test that is about no other database use it as this role."""
    return os.environ.get("NARROW") == "1"


@contextmanager
def narrow_role(server: MigratedServer) -> Iterator[str]:
    """The name of one. What it is given in the template it has in each copy."""
    name, template = f"narrow_{secrets.token_hex(6)}", at_database(server.admin_url, server.template)
    try:
        query(server.admin_url, f"create role {name} login password '{_password(name)}'")
    except asyncpg.InsufficientPrivilegeError:
        pytest.skip("the role of DATABASE_URL may create none")
    try:
        asyncio.run(migrate.upgrade(for_role(template, name)))
        yield name
    finally:
        for statement in BACK:
            query(template, statement.format(role=name))
        query(server.admin_url, f"drop role {name}")


def _password(name: str) -> str:
    return f"{name[::-1]}-password"  # Postgres writes the name into its command lines


def for_role(url: str, name: str) -> IsolatedSettings:
    """The defaults, and that database: for the service as this role, to migrate as its owner."""
    ours = make_url(url).set(username=name, password=_password(name)).render_as_string(hide_password=False)
    return IsolatedSettings(database_url=SecretStr(ours), migration_database_url=SecretStr(url))
