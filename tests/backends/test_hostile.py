"""What every backend makes of answers that do harm; make test-security sends more, to a whole service."""

import gzip
from dataclasses import replace

import pytest

from app.backends import base
from app.backends.base import Backend
from app.core import strict_json
from app.core.errors import BackendError, BadOutput
from tests.backends.bench import ROWS, Bench, each_remote, failure
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer


def spoilt(answer: Answer, value: bytes) -> Answer:
    """The second of the three numbers is this instead; some platforms write theirs as texts."""
    return replace(answer, body=answer.body.replace(b'"1.5"', b"1.5").replace(b"1.5", value))


@each_remote
@pytest.mark.parametrize("value", [b"1e400", b"9" * 400])
async def test_a_number_that_is_none_spoils_its_own_row(bench: Bench, backend: Backend, value: bytes) -> None:
    bench.answer = spoilt(bench.remote.reply([0.5, 1.5, 2.5]), value)
    try:
        first, second, third = (await backend.predict(ROWS[:3], TIMEOUT)).outputs
    except BadOutput:
        return  # of the whole answer: where all numbers are of one kind
    assert (first, third) == (0.5, 2.5)
    assert isinstance(second, BadOutput)


@each_remote
@pytest.mark.parametrize("value", [b"[" * 100_000 + b"]" * 100_000, b"1" * 5000])
async def test_what_cannot_be_parsed_is_no_answer(bench: Bench, backend: Backend, value: bytes) -> None:
    bench.answer = spoilt(bench.remote.reply([0.5, 1.5, 2.5]), value)
    with pytest.raises(BadOutput):
        await backend.predict(ROWS[:3], TIMEOUT)


@each_remote
async def test_values_are_counted_before_they_are_parsed(
    bench: Bench, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict_json, "MAX_VALUES", 5_000)
    bench.answer = spoilt(bench.remote.reply([0.5, 1.5, 2.5]), b"[" + b"{}," * 5_000 + b"1]")
    assert "more than 5000 values" in (await failure(backend)).detail


@each_remote
async def test_a_gzip_bomb_is_not_unpacked(
    bench: Bench, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "MAX_REPLY", 2**20)
    good = bench.remote.reply([0.5, 1.5, 2.5])
    bomb = gzip.compress(good.body + b" " * 20 * 2**20)
    bench.answer = replace(good, body=bomb, headers={**good.headers, "Content-Encoding": "gzip"})
    caught = await failure(backend)
    assert isinstance(caught, BackendError)
    assert "more than 1 MB" in caught.detail
