"""A check that gets no answer."""

import asyncio
from collections.abc import Iterable

from app.schemas.health import Finding
from app.services.upkeep.doctor.looking import Check, looked


async def test_only_its_own_limit_is_told_in_seconds() -> None:
    async def too_late() -> Iterable[Finding]:
        await asyncio.sleep(60)
        return []

    async def given_up() -> Iterable[Finding]:
        raise TimeoutError  # as connecting does, which has less time

    (own,) = await looked(Check("x", too_late, "", seconds=0.01))
    (other,) = await looked(Check("x", given_up, "", seconds=10))
    assert own.said == "There was no answer within 0.01 s."
    assert (other.said, other.status) == ("There was no answer in time.", "unavailable")
