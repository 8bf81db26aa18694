"""A revoked key is refused by every replica within five seconds."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from app.core.settings import Settings
from app.db.engine import open_database
from app.services.access import keys
from app.services.access.keys import NewKey
from tests.security.keys.world import ROOT
from tests.support.figures import Figure
from tests.support.service import running_service

pytestmark = pytest.mark.security

REPLICAS, TIMES, ASKED, LONGEST = 2, 5, 5.0, 10.0
"""The last two in seconds."""
LASTING = """
from app.services.access import keyring
keyring.TRUSTED, keyring.ASKED_AGAIN = 3600.0, 3000.0
from app.cli import main
main()
"""


def test_a_revoked_key_is_refused_by_every_replica(
    settings: Settings, tmp_path: Path, figure: Figure
) -> None:
    took = _seconds_until_refused(settings, tmp_path, TIMES)
    measured = f"{min(took):.1f} to {max(took):.1f} s in {TIMES} times"
    figure("S2", f"a revoked key is refused by {REPLICAS} replicas", f"within {ASKED:.0f} s", measured)
    assert max(took) <= ASKED


def test_a_key_that_is_not_asked_for_again_is_seen(settings: Settings, tmp_path: Path) -> None:
    [took] = _seconds_until_refused(settings, tmp_path, 1, program=("-c", LASTING))
    assert took > ASKED


def _seconds_until_refused(
    settings: Settings, folder: Path, times: int, *, program: Sequence[str] = ("-m", "app")
) -> list[float]:
    """How long both have gone on, of each key, that is in use all the time; LONGEST if they did."""
    variables = {"DATABASE_URL": settings.direct_url.get_secret_value()}
    with ExitStack() as stack:
        replicas = [
            stack.enter_context(running_service(ROOT, variables, folder / f"log-{number}", program=program))
            for number in range(REPLICAS)
        ]
        clients = [stack.enter_context(httpx.Client(base_url=one.url)) for one in replicas]
        return [asyncio.run(_until_refused(settings, clients, number)) for number in range(times)]


async def _until_refused(settings: Settings, clients: Sequence[httpx.Client], number: int) -> float:
    """``number`` decides how long the key was used before: replicas ask for it again now and then."""
    database, name = open_database(settings), f"k{number}"
    key = await keys.make(database.transactions, NewKey(name, ["read"]))

    def statuses() -> set[int]:
        return {
            one.get("/records", headers={"Authorization": f"Bearer {key}"}).status_code for one in clients
        }

    for _ in range(10 + 8 * number):
        assert statuses() == {200}
        await asyncio.sleep(0.05)
    await keys.revoke(database.transactions, name)
    began = time.monotonic()
    while statuses() != {401} and time.monotonic() < began + LONGEST:  # noqa: ASYNC110 - of processes
        await asyncio.sleep(0.02)
    await database.aclose()
    return time.monotonic() - began
