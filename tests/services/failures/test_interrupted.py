"""What is noted of work that was cut off."""

import asyncpg
import pytest

from app.core.errors import BackendDown
from app.services.failures import interrupted
from app.services.failures.interrupted import TRIES, final_reason, noted


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupted, "PAUSE", 0.0)


async def fail(_: str) -> None:
    raise AssertionError("another attempt may get over it")


async def test_an_attempt_is_handed_back_though_more_than_one_connection_was_cut() -> None:
    tries = 0

    async def hand_back() -> None:
        nonlocal tries
        tries += 1
        if tries < TRIES:
            raise ConnectionResetError

    with pytest.raises(BackendDown):
        async with noted(fail, hand_back):
            raise BackendDown("down")
    assert tries == TRIES


@pytest.mark.parametrize("failure", [ConnectionResetError(), asyncpg.UndefinedTableError("no")])
async def test_what_cannot_be_noted_is_raised(failure: Exception) -> None:
    async def hand_back() -> None:
        raise failure

    with pytest.raises(type(failure)):
        async with noted(fail, hand_back):
            raise BackendDown("down")


def test_a_connection_that_the_driver_has_lost_track_of_is_an_outage() -> None:
    assert final_reason(asyncpg.InternalClientError("cannot switch to state 12")) is None
    assert final_reason(ZeroDivisionError()) is not None
