"""A role that owns nothing, and may do what `migrate` gives it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.support.postgres import query


@contextmanager
def narrow_role(admin_url: str) -> Iterator[str]:
    """The name of one, which is its password too, dropped afterwards."""
    name = f"narrow_{secrets.token_hex(6)}"
    try:
        query(admin_url, f"create role {name} login password '{name}'")
    except asyncpg.InsufficientPrivilegeError:
        pytest.skip("the role of DATABASE_URL may create none")
    try:
        yield name
    finally:
        query(admin_url, f"drop role {name}")


def as_role(url: str, name: str) -> str:
    """The same database for that role."""
    return make_url(url).set(username=name, password=name).render_as_string(hide_password=False)
