"""A drift run: how far a window's inputs and predictions are from a reference's. Needs no truths."""

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
from app.schemas.judged import SMALL
from app.schemas.payloads import Payload
from app.services import pipeline
from app.services.evaluations.judging import bucket_of
from app.services.evaluations.statistics import drift
from app.services.evaluations.statistics.drift import ReferenceSample
from app.services.evaluations.statistics.samples import Floats, Undefined
from app.services.failures.user_code import aside
from app.services.predictions import patience
from app.services.predictions.predictor import Answer, Ask
from app.services.runtime import Runtime

log = structlog.get_logger(__name__)

BATCH = 1000
"""Records that are predicted at a time."""
PREDICTION = "prediction"
"""The slice of the model's predictions; that of a feature is ``feature=NAME``."""


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


class Scale:
    """How the values of one feature become numbers: as they are, or in the order texts are first seen."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self._texts: dict[str, float] = {}

    def place(self, value: JsonValue) -> float:
        """NaN where the value is missing."""
        if isinstance(value, str):
            self.kinds.add("texts")
            return self._texts.setdefault(value, float(len(self._texts)))
        if isinstance(value, int | float):
            self.kinds.add("numbers")
            return _as_float(value)
        if value is None:
            return math.nan
        self.kinds.add("lists or objects")
        return 0.0

    @property
    def categories(self) -> bool:
        """Whether the places stand for texts; Undefined if they cannot be measured."""
        if len(self.kinds) > 1 or "lists or objects" in self.kinds:
            raise Undefined(f"the values are {' and '.join(sorted(self.kinds))}")
        return self.kinds == {"texts"}


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


class Drift:
    """One run of a task."""

    def __init__(self, runtime: Runtime, task: DriftTask, *, last: bool = False) -> None:
        """``last``: no other attempt will wait for the platform."""
        self._use_case, self._database = runtime.use_case, runtime.database
        self._predictor, self._last = runtime.predictor, last
        self._task = task
        self._features = [f"feature={name}" for name in task.deployment.features]
        self._scales = {group: Scale() for group in (*self._features, PREDICTION)}
        self._predicted = 0
        self._reasons: Counter[str] = Counter()

    async def run(self) -> bool:
        """Read and predict both windows, then measure; False, and nothing stored, if it is cancelled."""
        task, reference, window = self._task, Frame(), Frame()
        going = await self._start()
        going = going and await self._collect(task.reference, None, reference)
        if not (going and await self._collect(task.window, task.bucket, window)):
            return False
        found = await aside(measure, self._scales, reference, window)
        async with self._database.transactions.begin() as session:
            if not await rows.end(session, task.evaluation_id, "done"):
                return False
            await rows.store(session, task.evaluation_id, [], found)
        log.info("drift measured", evaluation=task.evaluation_id, records=self._predicted)
        return True

    async def _start(self) -> bool:
        async with self._database.transactions.begin() as session:
            window = await windows.count(session, self._task.window)
            reference = await windows.count(session, self._task.reference)
            return await rows.start(session, self._task.evaluation_id, _of_both(window, reference))

    async def _collect(self, window: Window, bucket: Bucket | None, into: Frame) -> bool:
        """Read and predict a window batch by batch; False if the run was cancelled."""
        after = ""
        while True:
            async with self._database.statements() as session:
                batch = await windows.records(session, window, after=after, limit=BATCH)
            if not batch:
                return True
            after = batch[-1][0]
            record_ids = [one[0] for one in batch]
            answers = await patience.predict_many(
                self._predictor, record_ids, self._task.ask, last=self._last
            )
            await aside(self._add, batch, answers, bucket, into)
            async with self._database.transactions.begin() as session:
                if not await rows.progress(
                    session, self._task.evaluation_id, predicted=self._predicted, reasons=self._reasons
                ):
                    return False

    def _add(
        self,
        batch: Sequence[Row[str, JsonValue, datetime | None]],
        answers: dict[str, Answer | AppError],
        bucket: Bucket | None,
        into: Frame,
    ) -> None:
        """A record that cannot be predicted or judged has its features, unless preprocess fails on it."""
        made = pipeline.to_rows(self._use_case, [payload for _, payload, _ in batch], self._task.deployment)
        for (record_id, _, at), features in zip(batch, made, strict=True):
            label = bucket_of(bucket, at)
            values: dict[str, JsonValue] = {}
            if not isinstance(features, AppError | Payload):  # which has no features
                values |= zip(self._features, features, strict=True)
            try:
                values[PREDICTION] = self._value(answers[record_id])
                self._predicted += 1
            except AppError as error:
                self._reasons[error.title] += 1
            for group, value in values.items():
                into.add(group, label, self._scales[group].place(value))

    def _value(self, answer: Answer | AppError) -> JsonValue:
        """What was predicted; raises why it was not, or why it cannot be judged."""
        if isinstance(answer, AppError):
            raise answer
        return self._use_case.judged(answer.prediction).value


def _of_both(window: WindowCounts, reference: WindowCounts) -> WindowCounts:
    """Records of two windows; those that are in none for their time are the same twice."""
    return WindowCounts(
        records=window.records + reference.records,
        labelled=window.labelled + reference.labelled,
        without_time=max(window.without_time, reference.without_time),
        unfit=max(window.unfit, reference.unfit),
    )


def measure(scales: Mapping[str, Scale], reference: Frame, window: Frame) -> list[Metric]:
    """The metrics of every slice, for the whole window and each of its buckets."""
    found = []
    for group, scale in scales.items():
        before = ReferenceSample(reference.whole(group))
        found += _measure((group, ""), scale, before, window.whole(group))
        for bucket in window.buckets:
            found += _measure((group, bucket), scale, before, window.bucket(group, bucket))
    return found


def _measure(key: tuple[str, str], scale: Scale, reference: ReferenceSample, window: Floats) -> list[Metric]:
    def psi() -> float:
        return drift.psi(reference, window, categories=scale.categories)

    def p_value() -> float:
        return drift.p_value(reference, window, categories=scale.categories)

    return [
        _metric("psi", key, window.size, psi),
        _metric("p_value", key, window.size, p_value),
        _metric("missing", key, window.size, lambda: drift.missing(window)),
    ]


def _metric(name: str, key: tuple[str, str], n: int, compute: Callable[[], float]) -> Metric:
    value = reason = None
    try:
        value = compute()
    except Undefined as error:
        reason = str(error)
    return Metric(name, *key, value=value, reason=reason, low=None, high=None, n=n, small=n < SMALL)


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # an integer may have more digits than a float can tell
        return math.inf if number > 0 else -math.inf
