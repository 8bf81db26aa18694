"""Metrics as text, for who scrapes them."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple, cast

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from app.core.errors import Forbidden
from app.core.signals.totals import Totals
from app.schemas.access.callers import CURRENT
from app.services.runtime import Runtime
from app.services.signals.database import DatabaseLook, DatabaseSignals
from app.services.signals.families import families
from app.services.signals.gauges import gauges
from app.services.signals.processes import SharedTotals


class Exposition(NamedTuple):
    """``media_type`` is what the text is."""

    text: bytes
    media_type: str


class ExposedMetrics:
    """Those of a process, and of the others on its port. ``looks`` None: others tell of the database."""

    def __init__(self, runtime: Runtime, processes: SharedTotals, looks: DatabaseLook | None = None) -> None:
        self._runtime, self._processes, self._looks = runtime, processes, looks
        processes.gauges = partial(gauges, runtime)

    async def exposed(self, *, openmetrics: bool = False) -> Exposition:
        """Forbidden to who is bound: they name all models, and tell how much all callers ask for."""
        if CURRENT.get().is_bound:
            raise Forbidden(
                "ExposedMetrics are told to a key that is bound to nothing: they are of everybody."
            )
        database = None if self._looks is None else await self._looks.now()
        totals = await self._processes.totals()
        # Of thousands of versions it takes a while, in which callers are answered.
        text = await asyncio.to_thread(self._write, totals, database, openmetrics=openmetrics)
        return Exposition(text, OPENMETRICS if openmetrics else CONTENT_TYPE_PLAIN_0_0_4)

    def _write(self, totals: Totals, database: DatabaseSignals | None, *, openmetrics: bool) -> bytes:
        code = self._runtime.predictor.pipeline_version
        found = _Scraped(families(totals, database, code=code))
        write = cast(Callable[[Collector], bytes], generate_openmetrics if openmetrics else generate_latest)
        return write(found)


class _Scraped(Collector):
    """What prometheus_client takes for a registry."""

    def __init__(self, found: Iterator[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        return self._found
