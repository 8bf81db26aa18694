"""An operation whose code hangs: the model may have an hour, preprocess has what it has for any caller."""

import threading
from collections.abc import Iterator, Sequence

import pytest
from pydantic import BaseModel

from app.core.errors import UserCodeError
from app.core.settings import Settings
from app.schemas.rows import Row
from tests.services.operations.test_single_flight import failure, place
from tests.support.later_stub import LaterStub, later_runtime
from tests.support.operations import operate
from tests.support.use_case import changed


@pytest.fixture
def may_end() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("options", [{}, {"asynchronous": None}], ids=["submits", "waits"])
async def test_code_that_hangs_ends_its_operation(
    settings: Settings, later: LaterStub, may_end: threading.Event, options: dict[str, None]
) -> None:
    def preprocess(items: Sequence[BaseModel]) -> list[Row]:
        may_end.wait()
        return [[1.0] for _ in items]

    hurried = settings.model_copy(update={"predict_timeout": 1.0, "failure_hold": 30.0})
    async with later_runtime(hurried, changed(preprocess=preprocess), **options) as runtime:
        await place(runtime, "a")
        await operate(runtime)
        error = await failure(runtime, "a")
        may_end.set()
    assert isinstance(error, UserCodeError)
    assert "preprocess had not ended" in error.detail
