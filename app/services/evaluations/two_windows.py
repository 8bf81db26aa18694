"""A run over a window and the reference that it is compared with: both predicted, then measured."""

from abc import ABC, abstractmethod
from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Generic, TypeVar

import numpy as np
import structlog
from pydantic import JsonValue
from sqlalchemy import Row

from app.core.errors import AppError
from app.db.evaluations import runs as rows
from app.db.evaluations.runs import Metric
from app.db.records import windows
from app.db.records.windows import Window, WindowCounts
from app.schemas.evaluations.runs import Bucket
from app.schemas.hosting.deployments import Deployment
from app.services.evaluations.judging import bucket_of
from app.services.evaluations.statistics.samples import Floats
from app.services.explanations import noting
from app.services.failures.user_code import aside
from app.services.predictions import patience
from app.services.predictions.patience import Predicts
from app.services.predictions.predictor import Ask
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

BATCH = 1000
"""Records that are predicted at a time."""

GainedT = TypeVar("GainedT")

_EMPTY = np.empty(0)


@dataclass(frozen=True)
class DriftTask:
    """What is compared: ``window``, and each ``bucket`` of it, with the one ``reference``."""

    evaluation_id: int
    ask: Ask
    deployment: Deployment
    window: Window
    reference: Window
    bucket: Bucket | None


class Frame:
    """The places of one window's values, by slice and bucket; 8 bytes for each."""

    def __init__(self) -> None:
        self._places: defaultdict[str, defaultdict[str, array[float]]] = defaultdict(
            lambda: defaultdict(lambda: array("d"))
        )

    def add(self, group: str, bucket: str, place: float) -> None:
        self._places[group][bucket].append(place)

    @property
    def buckets(self) -> list[str]:
        return sorted({bucket for places in self._places.values() for bucket in places if bucket})

    def whole(self, group: str) -> Floats:
        """Those of all buckets."""
        return np.concatenate([_EMPTY, *(np.asarray(one) for one in self._places[group].values())])

    def bucket(self, group: str, bucket: str) -> Floats:
        return np.asarray(self._places[group].get(bucket, _EMPTY), dtype=np.float64)


class TwoWindows(ABC, Generic[GainedT]):
    """One run of a task. What is taken of each answer, and what is measured then, is the subclass's."""

    def __init__(
        self, runtime: Runtime, predicts: Predicts[GainedT], task: DriftTask, *, last: bool = False
    ) -> None:
        """``last``: no other attempt will wait for the platform."""
        self._database, self._predicts, self._last = runtime.database, predicts, last
        self.task = task
        self.predicted = 0
        self.reasons: Counter[str] = Counter()
        """Why records failed: titles of errors, counted."""

    @abstractmethod
    def prepare(self, payloads: Sequence[JsonValue]) -> Sequence[Mapping[str, float]]:
        """What is measured of each record whatever is predicted for it, by slice."""

    @abstractmethod
    def places(self, answer: GainedT) -> Mapping[str, float]:
        """What is measured of an answer, by slice; raises AppError why it cannot be."""

    @abstractmethod
    def measure(self, reference: Frame, window: Frame) -> list[Metric]:
        """The metrics, for the whole window and each of its buckets."""

    async def run(self) -> bool:
        """Read and predict both windows, then measure; False, and nothing stored, if it is cancelled."""
        task, reference, window = self.task, Frame(), Frame()
        going = await self._start()
        going = going and await self._collect(task.reference, None, reference)
        if not (going and await self._collect(task.window, task.bucket, window)):
            return False
        found = await aside(self.measure, reference, window)
        async with self._database.transactions.begin() as session:
            if not await rows.end(session, task.evaluation_id, "done"):
                return False
            await rows.store(session, task.evaluation_id, [], found)
        log.info("drift measured", evaluation=task.evaluation_id, records=self.predicted)
        return True

    async def _start(self) -> bool:
        async with self._database.transactions.begin() as session:
            window = await windows.count(session, self.task.window)
            reference = await windows.count(session, self.task.reference)
            return await rows.start(session, self.task.evaluation_id, _of_both(window, reference))

    async def _collect(self, window: Window, bucket: Bucket | None, into: Frame) -> bool:
        """Read and predict a window batch by batch; False if the run was cancelled."""
        after = ""
        while True:
            async with self._database.statements() as session:
                batch = await windows.records(session, window, after=after, limit=BATCH)
            if not batch:
                return True
            after = batch[-1][0]
            record_ids, began = [one[0] for one in batch], perf_counter()
            answers = await patience.predict_many(self._predicts, record_ids, self.task.ask, last=self._last)
            noting.note("evaluation", answers, perf_counter() - began)
            await aside(self._add, batch, answers, bucket, into)
            async with self._database.transactions.begin() as session:
                if not await rows.progress(
                    session, self.task.evaluation_id, predicted=self.predicted, reasons=self.reasons
                ):
                    return False

    def _add(
        self,
        batch: Sequence[Row[str, JsonValue, datetime | None]],
        answers: Mapping[str, GainedT | AppError],
        bucket: Bucket | None,
        into: Frame,
    ) -> None:
        prepared = self.prepare([payload for _, payload, _ in batch])
        for (record_id, _, at), places in zip(batch, prepared, strict=True):
            label, answer = bucket_of(bucket, at), answers[record_id]
            try:
                if isinstance(answer, AppError):
                    raise answer
                places = {**places, **self.places(answer)}
                self.predicted += 1
            except AppError as error:
                self.reasons[error.title] += 1
            for group, place in places.items():
                into.add(group, label, place)


def _of_both(window: WindowCounts, reference: WindowCounts) -> WindowCounts:
    """Records of two windows; those that are in none for their time are the same twice."""
    return WindowCounts(
        records=window.records + reference.records,
        labelled=window.labelled + reference.labelled,
        without_time=max(window.without_time, reference.without_time),
        unfit=max(window.unfit, reference.unfit),
    )
