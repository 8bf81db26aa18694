"""The backend in front of a server of the sample's model, and what both servers' tests ask of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import AppError
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.platforms.sample import SampleModel

ROWS_A_CALL = 300


@asynccontextmanager
async def opened(address: str, sample: SampleModel, **options: JsonValue) -> AsyncIterator[Backend]:
    """The backend with these options; nulls are sent as such, unless they say otherwise."""
    chosen: dict[str, JsonValue] = {"url": address, "model": "transit"}
    if options.get("protocol") != "v1":
        chosen["null_as"] = "null"
    hosts = Hosts(f"{address}=*")
    backend = open_backend("kserve", chosen | options, sample.features, concurrency=4, hosts=hosts)
    try:
        yield backend
    finally:
        await backend.aclose()


async def minutes(backend: Backend, rows: Sequence[Row]) -> list[float]:
    """The outputs for the rows, in calls of ROWS_A_CALL."""
    found: list[float] = []
    for start in range(0, len(rows), ROWS_A_CALL):
        reply = await backend.predict(rows[start : start + ROWS_A_CALL], 60)
        found += [output for output in reply.outputs if isinstance(output, float)]
    return found


async def failure(backend: Backend, rows: Sequence[Row]) -> AppError:
    """What the call fails with; nothing of the server's insides may be in it."""
    with pytest.raises(AppError) as caught:
        await backend.predict(rows, 60)
    for inside in ("Traceback", "Error :", "site-packages", ".py", "127.0.0.1"):
        assert inside not in caught.value.detail
    return caught.value


def changed(row: Row, index: int, value: JsonValue) -> Row:
    """The row with another value in one place."""
    return [*row[:index], value, *row[index + 1 :]]
