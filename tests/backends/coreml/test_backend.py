"""The backend for Core ML files: its calls, its options, its folder."""

import asyncio
import hashlib
import math
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.coreml import backend as coreml
from app.backends.coreml.evaluator import EvaluatedModel
from app.backends.coreml.format import RowOutput
from app.backends.registry import open_backend
from app.core.errors import (
    BackendMissing,
    BackendRefused,
    BackendRejected,
    BackendTimeout,
    BadOutput,
    InvalidInput,
)
from app.core.hosts import Hosts
from tests.backends.platforms import coreml as files
from tests.backends.platforms.coreml import opened, outputs
from tests.support.eventually import TIMEOUT, until
from tests.support.looks import revision_of


async def test_one_output_per_row_in_order_and_the_file_s_revision() -> None:
    backend, rows = opened(), [[n, n / 4] for n in range(350)]
    reply = await backend.predict(rows, 30)
    assert reply.outputs == [10 * n + n / 4 for n in range(350)]
    assert reply.revision == await revision_of(backend) == f"7 {hashlib.sha256(files.LINEAR).hexdigest()}"
    assert (await backend.predict(rows[2:3], 30)).outputs == [20.5]
    await backend.aclose()


@pytest.mark.parametrize("version", ["", "1\n0", "x" * 101])
async def test_a_version_that_cannot_be_kept_is_left_out(version: str) -> None:
    content = files.model(files.GLM_REGRESSOR, files.weights([1.0, 2.0], offsets=[0.0]), version=version)
    backend = opened(content)
    assert await revision_of(backend) == hashlib.sha256(content).hexdigest()
    await backend.aclose()


async def test_columns_go_by_name() -> None:
    assert await outputs(opened(features=("b", "a")), [[1, 2]]) == [21]


async def test_a_null_is_a_number_that_is_missing() -> None:
    first, second, third = await outputs(opened(), [[1, 1], [None, 1], [2, 1]])
    assert (first, third) == (11, 21)
    assert isinstance(second, BadOutput)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (files.DOUBLE, [1, 1.5, True, None], ["1", [1], {}]),
        (files.INT64, [1, 2.0, False], [None, 1.5, math.inf, "1", [1]]),
        (files.STRING, ["", "x"], [None, 1, ["x"]]),
    ],
)
def test_a_value_that_the_input_does_not_take_is_named(
    kind: int, good: list[JsonValue], bad: list[JsonValue]
) -> None:
    content = files.model(files.ONE_HOT, files.field(11, 1), inputs={"a": kind}, outputs={"z": files.ARRAY})
    backend = opened(content, ["a"])
    assert all(backend.row_bytes([value]) >= 0 for value in good)
    for value in bad:
        with pytest.raises(InvalidInput, match="'a'"):
            backend.row_bytes([value])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COREML_MODELS", str(tmp_path))
    return tmp_path


def open_file(name: str) -> Backend:
    return open_backend("coreml", {"model": name}, files.FEATURES, concurrency=1, hosts=Hosts())


def test_the_folder_and_the_file_have_to_be_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "o.mlmodel"
    outside.write_bytes(files.LINEAR)
    (folder / "out.mlmodel").symlink_to(outside)
    (folder / "folder.mlmodel").mkdir()
    (folder / "circle.mlmodel").symlink_to(folder / "circle.mlmodel")
    for name, reason in {
        "out.mlmodel": "a link out of the folder that COREML_MODELS names",
        "folder.mlmodel": "cannot be read",
        "circle.mlmodel": "cannot be read",
        "no.mlmodel": "there is no such file in the folder that COREML_MODELS names",
    }.items():
        with pytest.raises(BackendRefused) as caught:
            open_file(name)
        assert name in caught.value.detail
        assert reason in caught.value.detail
        assert str(folder) not in caught.value.detail
        assert isinstance(caught.value, BackendMissing) == (name == "no.mlmodel")
    for value in ("", str(folder / "none")):
        monkeypatch.setenv("COREML_MODELS", value)
        with pytest.raises(BackendRefused, match="COREML_MODELS must name the folder"):
            open_file("no.mlmodel")


async def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "real.mlmodel").write_bytes(files.LINEAR)
    (folder / "current.mlmodel").symlink_to("real.mlmodel")
    assert await outputs(open_file("current.mlmodel"), [[1, 2]]) == [12]


@pytest.mark.parametrize(
    "name",
    [
        "../m.mlmodel",
        "/m.mlmodel",
        "a/m.mlmodel",
        "..",
        ".mlmodel",
        "a\\m.mlmodel",
        "m",
        "m.mlmodel\n",
        "a\0.mlmodel",
    ],
)
def test_a_model_is_a_plain_file_name(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        open_file(name)
    assert [fault.field for fault in caught.value.errors] == ["options.model"]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Holds every evaluation until ``open`` is set, and keeps the rows of each."""
    held = SimpleNamespace(open=threading.Event(), rows=[])
    evaluate = EvaluatedModel.predict

    def wait(self: EvaluatedModel, rows: Sequence[Sequence[float | int | str]]) -> list[RowOutput]:
        if rows:
            held.rows.append(len(rows))
            held.open.wait(TIMEOUT)
        return evaluate(self, rows)

    monkeypatch.setattr(EvaluatedModel, "predict", wait)
    return held


async def test_what_takes_too_long_is_given_up(gate: SimpleNamespace) -> None:
    backend = opened(threads=1)
    with pytest.raises(BackendTimeout):
        await backend.predict([[1, 2]] * 1000, 0.2)
    gate.open.set()
    assert (await backend.predict([[1, 2]], 30)).outputs == [12]
    assert sum(gate.rows) <= coreml.SLICE + 1  # not the other 900
    await backend.aclose()


async def test_a_cancelled_call_is_given_up(gate: SimpleNamespace) -> None:
    backend = opened(threads=1)
    call = asyncio.create_task(backend.predict([[1, 2]] * 1000, 30))
    await until(lambda: bool(gate.rows))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gate.open.set()
    assert (await backend.predict([[1, 2]], 30)).outputs == [12]
    assert gate.rows == [coreml.SLICE, 1]
    await backend.aclose()


class MacModel:
    """coremltools' MLModel as its page shows it: a dictionary in, a dictionary of all outputs out."""

    def __init__(self, path: str) -> None:
        assert Path(path).is_file()
        self._busy = threading.Lock()

    def predict(self, data: dict[str, float]) -> dict[str, object]:
        assert self._busy.acquire(blocking=False), "two threads at once"
        time.sleep(0.01)
        self._busy.release()
        if data["a"] == 13:
            raise RuntimeError("/Users/secret: Error Domain=com.apple.CoreML Code=0")
        numbers = SimpleNamespace(tolist=lambda: [data["a"], data["b"]])
        return {"y": 10 * data["a"] + data["b"], "p": {1: 0.25, 0: 0.75}, "v": numbers}


@pytest.fixture
def mac(monkeypatch: pytest.MonkeyPatch) -> None:
    models = ModuleType("coremltools.models")
    models.MLModel = MacModel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "coremltools", ModuleType("coremltools"))
    monkeypatch.setitem(sys.modules, "coremltools.models", models)
    monkeypatch.setattr("platform.system", lambda: "Darwin")


MAC_ONLY = files.model(
    303, b"", outputs={"y": files.DOUBLE, "p": files.DICTIONARY, "v": files.ARRAY}, version="7"
)


@pytest.mark.usefixtures("mac")
async def test_on_macos_core_ml_predicts() -> None:
    """With a stand-in for coremltools: Core ML itself cannot run where these tests do."""
    backend = opened(MAC_ONLY)
    first, missing, refused, last = (await backend.predict([[1, 2], [None, 2], [13, 2], [2, 2]], 30)).outputs
    assert (first, last) == (12, 22)
    assert isinstance(missing, BadOutput)
    assert isinstance(refused, BackendRejected)
    assert "secret" not in refused.detail
    await backend.aclose()
    assert await outputs(opened(MAC_ONLY, output="p"), [[1, 2]]) == [{"1": 0.25, "0": 0.75}]
    assert await outputs(opened(MAC_ONLY, output="v"), [[1, 2]]) == [[1, 2]]


@pytest.mark.usefixtures("mac")
async def test_on_macos_one_thread_at_a_time_predicts() -> None:
    """With the same stand-in."""
    backend = opened(MAC_ONLY, threads=4)
    replies = await asyncio.gather(*(backend.predict([[n, 2]] * 5, 30) for n in range(4)))
    assert [reply.outputs for reply in replies] == [[10 * n + 2] * 5 for n in range(4)]
    await backend.aclose()


def test_on_macos_the_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setitem(sys.modules, "coremltools", None)
    monkeypatch.delitem(sys.modules, "coremltools.models", raising=False)
    with pytest.raises(BackendRefused, match=r"requirements-coreml.txt"):
        opened(MAC_ONLY)
