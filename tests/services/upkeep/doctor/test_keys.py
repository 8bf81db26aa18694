"""Whether any key is valid, and which end soon."""

import asyncpg
import pytest

from app.core.settings import Settings
from tests.services.upkeep.doctor.conftest import Examine

MADE = (
    "insert into api_keys (name, key_hash, scopes, expires_at) values ('mine', 'x', '{{read}}', now() + {})"
)


@pytest.mark.parametrize(
    ("left", "status", "said"),
    [
        ("interval '-1 day'", "fault", "none is valid"),
        ("interval '3 days'", "warning", "Soon these keys are no longer valid: mine"),
        ("interval '90 days'", "ok", "Callers need a key"),
    ],
)
async def test_a_key_that_ends(
    examine: Examine, settings: Settings, left: str, status: str, said: str
) -> None:
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    await connection.execute(MADE.format(left))
    await connection.close()
    found = (await examine())["keys"]
    assert (found.status, said in found.said) == (status, True), found
