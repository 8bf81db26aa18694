"""Core ML's own runtime, which exists on macOS only."""

import importlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import structlog
from pydantic import JsonValue

from app.backends.coreml.format import Description, Feature, FeatureCell, RowOutput
from app.backends.wire.replies import usable
from app.core.errors import BackendRefused, BackendRejected
from app.core.logging.quoting import Quoted

log = structlog.get_logger(__name__)


class _Array(Protocol):
    def tolist(self) -> JsonValue: ...


_NativeOutputs = Mapping[str, str | float | _Array | Mapping[str | int, float]]


class _MLModel(Protocol):
    def predict(self, data: Mapping[str, FeatureCell]) -> _NativeOutputs: ...


class NativeModel:
    """A model of any type, loaded by coremltools 9. BackendRefused where that is not installed."""

    def __init__(self, path: Path, description: Description, output: Feature) -> None:
        try:
            models = importlib.import_module("coremltools.models")
        except ModuleNotFoundError as error:
            raise BackendRefused(
                "Core ML on macOS needs the package coremltools: pip install -r requirements-coreml.txt"
            ) from error
        self._model = cast(_MLModel, models.MLModel(str(path)))
        self._names = [feature.name for feature in description.inputs]
        self._output = output.name
        self._one_at_a_time = threading.Lock()  # as Apple's page on MLModel asks for

    def predict(self, rows: Sequence[Sequence[FeatureCell]]) -> list[RowOutput]:
        """One answer per row of cells in the order of the inputs; BackendRejected where Core ML fails."""
        return [self._one(dict(zip(self._names, row, strict=True))) for row in rows]

    def _one(self, given: Mapping[str, FeatureCell]) -> RowOutput:
        try:
            with self._one_at_a_time:
                answer = self._model.predict(given)[self._output]
        except RuntimeError as error:  # coremltools' word for whatever Core ML says
            log.warning("core_ml_refused_a_row", error=Quoted(str(error)[:1000]))
            return BackendRejected("Core ML refused the row, or failed on it.")
        return usable(_as_json(answer))


def _as_json(answer: str | float | _Array | Mapping[str | int, float]) -> JsonValue:
    if isinstance(answer, Mapping):
        return {str(label): float(share) for label, share in answer.items()}
    return answer if isinstance(answer, str | int | float) else answer.tolist()
