"""Models in Core ML's format (.mlmodel), evaluated in this process: Core ML has no hosting of its own.

On macOS Core ML itself runs them. Elsewhere the file is evaluated in double precision, for the tabular types
that ``coreml_model`` lists; a version with a model of another type cannot be opened there.
"""

import asyncio
import platform
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Protocol

import numpy as np
from pydantic import Field, StringConstraints

from app.backends.base import BackendOptions, Deployed, Limits, Reply, sole
from app.backends.coreml.evaluator import EvaluatedModel
from app.backends.coreml.file import ModelFile, read
from app.backends.coreml.format import Feature, FeatureCell, RowOutput
from app.backends.coreml.native import NativeModel
from app.backends.coreml.wire import UnusableModel
from app.core.errors import BackendDown, BackendRefused, BackendTimeout
from app.core.hosts import Hosts
from app.schemas.rows import Row

SLICE = 100
"""Rows between two looks at whether anybody still waits."""
MAX_BYTES = 100_000_000
"""Nothing is sent anywhere; rows count as the bytes they take in memory."""

FileName = Annotated[str, StringConstraints(max_length=255, pattern=r"^[\w-][\w. -]*\.mlmodel$")]


class Options(BackendOptions):
    """Which file, and what of its answer. Its inputs must have the names of the version's features."""

    model: FileName
    """The name of a .mlmodel file in the folder that the environment variable COREML_MODELS names."""
    output: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """The output that is the prediction. Default: of a classifier, its labels' probabilities as an object,
    or the label where it gives none; of a regressor, the number."""
    single_precision: bool = False
    """Round numbers to single precision first, as XGBoost and scikit-learn's trees do. Core ML compares
    doubles: without this, a value next to a split may go another way than in the model that was converted."""
    max_rows: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Most rows in one call."""


class CoreMLModel(Protocol):
    """What predicts: Core ML itself, or a model that is evaluated here."""

    def predict(self, rows: Sequence[Sequence[FeatureCell]]) -> list[RowOutput]: ...


class CoreMLBackend:
    """A model in memory, and as many threads as calls may run at once."""

    def __init__(
        self,
        options: Options,
        columns: Sequence[tuple[int, Feature]],
        model: CoreMLModel,
        revision: str,
        concurrency: int,
    ) -> None:
        self._columns, self._model, self._revision = columns, model, revision
        self._what = f"Core ML model {options.model!r}"
        self._single, self._closed = options.single_precision, False
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="coreml")
        self.limits = Limits(options.max_rows, MAX_BYTES)

    def row_bytes(self, row: Row) -> int:
        return sum(len(cell) if isinstance(cell, str) else 8 for cell in self._cells(row))

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply:
        loop, abandoned = asyncio.get_running_loop(), threading.Event()
        if self._closed:
            raise BackendDown(f"{self._what}: the backend is no longer used.")
        try:
            async with asyncio.timeout(timeout):
                return await loop.run_in_executor(self._threads, self._evaluate, rows, abandoned)
        except TimeoutError as error:
            raise BackendTimeout(f"{self._what}: no answer came within {timeout:.1f} s.") from error
        finally:
            abandoned.set()

    def _evaluate(self, rows: Sequence[Row], abandoned: threading.Event) -> Reply:
        answers: list[RowOutput] = []
        for start in range(0, len(rows), SLICE):
            if abandoned.is_set():
                break
            answers += self._model.predict([self._cells(row) for row in rows[start : start + SLICE]])
        return Reply(answers, self._revision)

    def _cells(self, row: Row) -> list[FeatureCell]:
        cells = [feature.cell(row[index]) for index, feature in self._columns]
        return _rounded(cells) if self._single else cells

    async def look(self) -> Deployed | None:
        """That of the file as it was opened: replacing it changes nothing until the service restarts."""
        return sole(self._revision)

    async def aclose(self) -> None:
        self._closed = True
        self._threads.shutdown(wait=False)  # what is under way, or waits for a thread, is still answered


def _rounded(cells: Sequence[FeatureCell]) -> list[FeatureCell]:
    with np.errstate(over="ignore"):  # what is too large becomes infinite, as in XGBoost
        return [float(np.float32(cell)) if isinstance(cell, float) else cell for cell in cells]


def create(options: Options, features: Sequence[str], concurrency: int, _hosts: Hosts) -> CoreMLBackend:
    """Load the model. BackendRefused says what is wrong with the file, or that it is another model's."""
    file = read(options.model)
    try:
        columns = file.columns(features)
        output = file.output(options.output)
        model = _model(file, output)
    except UnusableModel as error:
        raise BackendRefused(f"The Core ML model {options.model!r} cannot be used: {error}.") from error
    return CoreMLBackend(options, columns, model, file.revision, concurrency)


def _model(file: ModelFile, output: Feature) -> CoreMLModel:
    if platform.system() == "Darwin":
        return NativeModel(file.path, file.description, output)
    return EvaluatedModel(file.message, output)
