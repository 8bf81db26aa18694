"""What is tallied of predictions when they are stored."""

import importlib

import pytest

from app.core.errors import NotFound
from app.core.signals import SECONDS
from tests.db.ledger.conftest import Query, stored

TALLIES = """
    select model_version_id, cast(upto as text), rows, copies, calls, call_seconds
    from inference_tallies order by id
"""


def test_the_bounds_are_those_of_what_is_told_to_callers() -> None:
    migration = importlib.import_module("migrations.versions.20261129_1400_keep_a_ledger")
    assert tuple(map(float, migration.BOUNDS)) == SECONDS


async def test_a_statement_adds_a_tally_for_each_version_latency_and_minute(query: Query) -> None:
    await query(stored((1, 4.0, "c", 0, None, 0), (1, 4.0, "c", 1, None, 0), (2, 9e4, None, None, None, 0)))
    await query(stored((1, 0.1, None, None, None, 0)))
    assert sorted(await query(TALLIES)) == [
        (1, "0.00025", 1, 0, 1, pytest.approx(0.0001)),
        (1, "0.005", 2, 0, 1, 0.004),
        (2, "Infinity", 1, 0, 1, 90),
    ]
    [(is_now,)] = await query("select bool_and(now() - at < interval '2 minutes') from inference_tallies")
    assert is_now


async def test_a_call_counts_once_though_its_rows_are_stored_apart(query: Query) -> None:
    await query(stored((1, 4.0, "c", 1, None, 0)))
    await query(stored((1, 4.0, "c", 0, None, 0)))
    assert [row[2:5] for row in await query(TALLIES)] == [(1, 0, 0), (1, 0, 1)]


async def test_of_calls_without_a_name_rows_that_took_as_long_are_one(query: Query) -> None:
    one, other = (1, 4.25, None, None, None, 0), (1, 4.5, None, None, None, 0)
    await query(stored(one, one, other, one))
    assert [row[2:] for row in await query(TALLIES)] == [(4, 0, 2, pytest.approx(0.00875))]


async def test_copies_are_no_inferences_and_are_of_when_they_were_made(query: Query) -> None:
    await query(stored((1, 4.0, "c", 0, None, 90)))
    await query(stored((1, 4.0, None, None, 1, 90), (1, 4.0, None, None, 1, 90)))
    assert [row[2:] for row in await query(TALLIES)] == [(1, 0, 1, 0.004), (0, 2, 0, 0)]
    ages = await query("select now() - at < interval '2 minutes' from inference_tallies order by id")
    assert ages == [(False,), (True,)]


async def test_what_is_not_stored_after_all_is_in_no_tally(query: Query) -> None:
    with pytest.raises(NotFound):
        await query(stored((1, 4.0, "c", 0, None, 0), (99, 4.0, "c", 1, None, 0)))
    assert await query(TALLIES) == []


async def test_they_stay_when_predictions_go_and_go_with_their_version(query: Query) -> None:
    await query(stored((1, 4.0, "c", 0, None, 0), (2, 4.0, "d", 0, None, 0)))
    await query("delete from predictions")
    assert len(await query(TALLIES)) == 2
    await query("delete from model_versions where id = 1")
    assert [row[0] for row in await query(TALLIES)] == [2]
