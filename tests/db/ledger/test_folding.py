"""Tallies that are alike become one, and none is lost."""

from app.db.engine import Database
from app.db.ledger import folding
from tests.db.ledger.conftest import Query, stored

DAY = 24 * 60
SUMS = "select sum(rows), sum(copies), sum(calls), sum(call_seconds) from inference_tallies"


async def fold(database: Database) -> None:
    async with database.transactions.begin() as session:
        await folding.fold(session)


async def test_minutes_that_are_over_have_one_and_old_hours_one(database: Database, query: Query) -> None:
    for ago in (-2, 3, 3, 300, 301, 302, 600, 9 * DAY + 1, 9 * DAY + 2, 10 * DAY):
        await query(stored((1, 4.0, "c", 0, None, ago), (1, 4.0, "c", 1, None, ago)))
    sums = await query(SUMS)
    await fold(database)
    assert await query(SUMS) == sums
    grains = "select grain, sum(rows) from inference_tallies group by grain order by grain"
    assert await query(grains) == [(0, 2), (1, 4), (2, 8), (3, 6)]
    alike = "select count(*) = count(distinct at) from inference_tallies where grain >= 2 group by grain"
    assert await query(alike) == [(True,), (True,)]
    days = (
        "select distinct cast(at at time zone 'UTC' as time) = '00:00' from inference_tallies where grain = 3"
    )
    assert await query(days) == [(True,)]
    before = await query("select * from inference_tallies order by at")
    await fold(database)
    assert await query("select * from inference_tallies order by at") == before


async def test_what_comes_late_is_folded_too(database: Database, query: Query) -> None:
    await query(stored((1, 4.0, "c", 0, None, 300)))
    await fold(database)
    await query(stored((1, 4.0, "c", 0, None, 300)))
    await fold(database)
    assert await query("select sum(rows), min(grain) from inference_tallies") == [(2, 2)]


async def test_answers_are_folded_by_all_that_tells_them_apart(database: Database, query: Query) -> None:
    await query("""
        insert into answer_tallies (at, model_version_id, origin, outcome, cause, upto, answers, note, line)
        select now() - interval '5 hours', version, 'request', outcome, '', 0.001, 1, gen_random_uuid(), 1
        from (values (null, 'error'), (null, 'error'), (1, 'hit'), (1, 'hit'), (1, 'miss'), (2, 'hit'))
            as told (version, outcome)
    """)
    await fold(database)
    found = await query("""
        select model_version_id, outcome, answers, grain, note, line from answer_tallies where grain < 4
        order by 1, 2
    """)
    assert found == [
        (1, "hit", 2, 2, None, None),
        (1, "miss", 1, 2, None, None),
        (2, "hit", 1, 2, None, None),
        (None, "error", 2, 2, None, None),
    ]
    kept = "select count(*) from answer_tallies where grain = 4"
    assert await query(kept) == [(6,)]  # that the notes were taken
    await query("update answer_tallies set at = at - interval '1 day'")
    await fold(database)
    assert await query(kept) == [(0,)]
