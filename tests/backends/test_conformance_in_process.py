"""What every backend must do that evaluates models in this process."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendError, BackendRefused, BackendTimeout, BadOutput, InvalidInput
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.backends.platforms import FEATURES, IN_PROCESS, NAMES, platform
from tests.support.eventually import TIMEOUT, until
from tests.support.looks import revision_of

ROWS: list[Row] = [[n, n / 4] for n in range(350)]
EXPECTED = [10 * n + n / 4 for n in range(350)]


@dataclass
class Place:
    """A platform's model where its options and the environment say; ``names`` are the variables."""

    name: str
    folder: Path
    names: Sequence[str]
    options: dict[str, JsonValue]

    def open(self, features: Sequence[str] = FEATURES, concurrency: int = 2) -> Backend:
        return open_backend(self.name, self.options, features, concurrency=concurrency, hosts=Hosts())

    def altered(self, option: str, value: JsonValue) -> "Place":
        return replace(self, options=self.options | {option: value})

    def refusal(self, features: Sequence[str] = FEATURES) -> str:
        with pytest.raises(BackendRefused) as caught:
            self.open(features)
        assert str(self.folder) not in caught.value.detail
        return caught.value.detail


@pytest.fixture(params=sorted(IN_PROCESS & {*NAMES}))
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = platform(request.param)
    environment = found.environment("", tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Place(request.param, tmp_path, [*environment], found.options("", tmp_path))


class Held(float):
    """A number that keeps whoever reads it waiting until ``go_on`` is set."""

    def __init__(self, _value: float) -> None:
        self.read, self.go_on = threading.Event(), threading.Event()

    def __float__(self) -> float:
        self.read.set()
        self.go_on.wait(TIMEOUT)
        return super().__float__()


async def check(backend: Backend) -> None:
    assert (await backend.predict(ROWS, TIMEOUT)).outputs == EXPECTED


async def test_one_output_per_row_in_order(place: Place) -> None:
    backend = place.open()
    await check(backend)
    assert (await backend.predict(ROWS[7:8], TIMEOUT)).outputs == EXPECTED[7:8]
    assert (await backend.predict(ROWS[::-1], TIMEOUT)).outputs == EXPECTED[::-1]
    await backend.aclose()


async def test_calls_at_the_same_time_stay_apart(place: Place) -> None:
    backend = place.open()
    replies = await asyncio.gather(*(backend.predict(ROWS[n:], TIMEOUT) for n in range(40)))
    assert [reply.outputs for reply in replies] == [EXPECTED[n:] for n in range(40)]
    await backend.aclose()


@pytest.mark.parametrize("cell", [None, 1e308])
async def test_a_row_without_an_answer_spoils_itself_only(place: Place, cell: float | None) -> None:
    """Ten times the cell is NaN, or Infinity."""
    backend = place.open()
    first, second, third = (await backend.predict([[1, 2], [cell, 2], [2, 2]], TIMEOUT)).outputs
    assert (first, third) == (12, 22)
    assert isinstance(second, BadOutput)
    await backend.aclose()


async def test_the_limits(place: Place) -> None:
    backend, tight = place.open(), place.altered("max_rows", 7).open()
    assert backend.limits.rows >= len(ROWS)
    assert tight.limits.rows == 7
    sizes = [backend.row_bytes(row) for row in ROWS]
    assert min(sizes) > 0
    assert sum(sizes) <= backend.limits.bytes
    await backend.aclose()
    await tight.aclose()


async def test_a_value_that_is_no_number_is_named_before_a_call(place: Place) -> None:
    backend = place.open()
    with pytest.raises(InvalidInput, match=FEATURES[1]):
        backend.row_bytes([1, "x"])
    await backend.aclose()


async def test_what_takes_too_long_ends_the_wait_and_holds_nobody_up(place: Place) -> None:
    backend, held = place.open(), Held(1)
    with pytest.raises(BackendTimeout):
        await backend.predict([[held, 2]], 0.2)
    await check(backend)
    held.go_on.set()
    await check(backend)
    await backend.aclose()


async def test_a_cancelled_call_leaves_the_backend_usable(place: Place) -> None:
    backend, held = place.open(concurrency=1), Held(1)
    running = asyncio.create_task(backend.predict([[held, 2]], TIMEOUT))
    await until(held.read.is_set)
    waiting = asyncio.create_task(backend.predict(ROWS, TIMEOUT))
    await asyncio.sleep(0)
    for call in (waiting, running):
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    held.go_on.set()
    await check(backend)
    await backend.aclose()


async def test_after_aclose_a_call_is_an_error_of_ours(place: Place) -> None:
    backend = place.open()
    await check(backend)
    await backend.aclose()
    await backend.aclose()
    with pytest.raises(BackendError):
        await backend.predict(ROWS, TIMEOUT)


async def test_calls_under_way_outlive_aclose(place: Place) -> None:
    backend, held = place.open(concurrency=1), Held(1)
    running = asyncio.create_task(backend.predict([[held, 2]], TIMEOUT))
    await until(held.read.is_set)
    waiting = asyncio.create_task(backend.predict(ROWS, TIMEOUT))
    await asyncio.sleep(0)
    await backend.aclose()
    held.go_on.set()
    assert [(await call).outputs for call in (running, waiting)] == [[12], EXPECTED]


async def test_the_revision_is_stable_and_waits_for_no_evaluation(place: Place) -> None:
    backend, again, held = place.open(concurrency=1), place.open(), Held(1)
    running = asyncio.create_task(backend.predict([[held, 2]], TIMEOUT))
    await until(held.read.is_set)
    revision = await asyncio.wait_for(revision_of(backend), TIMEOUT)
    held.go_on.set()
    assert revision
    assert (await running).revision == revision == await revision_of(backend) == await revision_of(again)
    await backend.aclose()
    await again.aclose()


def test_the_variable_of_the_models_folder_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in place.names:
        monkeypatch.setenv(name, str(place.folder / "none"))
        assert name in place.refusal()
        monkeypatch.delenv(name)
        assert name in place.refusal()


def test_a_model_that_is_not_there_is_named(place: Place) -> None:
    files = [*place.folder.iterdir()]
    for file in files:
        file.unlink()
    detail = place.refusal()
    assert [file for file in files if file.name in detail]


@pytest.mark.parametrize("features", [FEATURES[:1], (*FEATURES, "other"), (FEATURES[0], "other")])
def test_features_of_another_model_are_named(place: Place, features: Sequence[str]) -> None:
    detail = place.refusal(features)
    assert all(name in detail for name in {*features} ^ {*FEATURES})


@pytest.mark.parametrize(("option", "value"), [("password", "x"), ("max_rows", 0)])
def test_an_option_that_is_wrong_is_named(place: Place, option: str, value: JsonValue) -> None:
    with pytest.raises(InvalidInput) as caught:
        place.altered(option, value).open()
    assert [fault.field for fault in caught.value.errors] == [f"options.{option}"]
