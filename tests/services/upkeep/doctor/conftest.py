"""What doctor's tests ask for: an examination, by the names of its checks."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from app.core.settings import Settings
from app.schemas.health import Finding
from app.services.runtime import open_runtime
from app.services.upkeep import doctor
from app.services.upkeep.doctor.own_settings import ReadSettings
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, prepare

Examine: TypeAlias = Callable[..., Awaitable[dict[str, Finding]]]


@pytest.fixture
def examine(settings: Settings, aws: AwsStub) -> Examine:
    """The findings by their checks; of a check with several the last one that is not ok."""
    aws.respond = answer_ten_times

    async def examined(
        changed: Settings | None = None, *, probes: bool = False, processes: int = 1
    ) -> dict[str, Finding]:
        given = ReadSettings(changed or settings, True, ())
        found = await doctor.examine(given, probes=probes, processes=processes)
        return {one.check: one for one in sorted(found, key=lambda one: one.status != "ok")}

    return examined


@pytest.fixture
async def _a_live_version(settings: Settings, examine: Examine) -> None:
    """Version 1 of `transit`, and the record `a`."""
    async with open_runtime(settings) as runtime:
        await prepare(runtime.predictor)
