"""What is left of the requests and the inferences that keys may have, counted for all replicas.

One statement takes what it can and says how much that was, in ``granted``: who comes at the same time waits
for the row, and sees what is left then. Tried once more after a connection was lost it may count what was
never used, so that a key gets less for a moment, and never more. The database's clock decides.
"""

from collections.abc import Mapping
from typing import NamedTuple

from app.db.direct import Direct, Statement


class Granted(NamedTuple):
    """How many of those asked for may be used, and in how many seconds there are more where none may."""

    number: int
    more_in: float


# As many as a key has a second's worth of are kept, one at least. Its row says how many there were `at` that
# time; a statement that waited for the row may have begun before it.
_TAKE_REQUESTS = Statement("""
    insert into key_requests as bucket (key_id, tokens, granted, at)
    select key.id, most - taken, taken, now()
    from unnest(cast(:ids as bigint[]), cast(:counts as bigint[])) as asked (id, count)
    join api_keys key on key.id = asked.id
    cross join lateral (select greatest(1, key.requests_per_second) as most) full_one
    cross join lateral (select least(asked.count, floor(most)) as taken) first
    where key.requests_per_second is not null
    order by key.id
    on conflict (key_id) do update set (tokens, granted, at) = (
        select there - taken, taken, greatest(bucket.at, excluded.at)
        from (select requests_per_second as rate from api_keys where id = excluded.key_id) key
        cross join lateral (
            select least(
                greatest(1, rate),
                bucket.tokens + rate * greatest(0, date_part('epoch', excluded.at - bucket.at))
            ) as there
        ) now_there
        cross join lateral (select least(excluded.granted, floor(there)) as taken) second
    )
    returning key_id, granted, cast((
        select (1 - tokens) / requests_per_second from api_keys where id = key_id
    ) as float8) as more_in
""")
_TAKE_INFERENCES = Statement("""
    insert into key_inferences as used (key_id, day, inferences, granted)
    select key.id, today.day, taken, taken
    from unnest(cast(:ids as bigint[]), cast(:counts as bigint[])) as asked (id, count)
    join api_keys key on key.id = asked.id
    cross join (select cast(now() at time zone 'UTC' as date) as day) today
    cross join lateral (select least(asked.count, key.inferences_per_day) as taken) first
    where key.inferences_per_day is not null
    order by key.id
    on conflict (key_id, day) do update set (inferences, granted) = (
        select used.inferences + taken, taken
        from api_keys key
        cross join lateral (
            select greatest(0, least(excluded.granted, key.inferences_per_day - used.inferences)) as taken
        ) second
        where key.id = excluded.key_id
    )
    returning key_id, granted,
              cast(date_part('epoch', (day + 1) - now() at time zone 'UTC') as float8) as more_in
""")


async def take_requests(direct: Direct, wanted: Mapping[int, int]) -> dict[int, Granted]:
    """What there is of what is wanted, by key; a key that has no limit now is left out."""
    return await _take(direct, _TAKE_REQUESTS, wanted)


async def take_inferences(direct: Direct, wanted: Mapping[int, int]) -> dict[int, Granted]:
    """The same of today's inferences."""
    return await _take(direct, _TAKE_INFERENCES, wanted)


async def _take(direct: Direct, statement: Statement, wanted: Mapping[int, int]) -> dict[int, Granted]:
    rows = await direct.fetch(statement, {"ids": [*wanted], "counts": [*wanted.values()]})
    return {row["key_id"]: Granted(row["granted"], row["more_in"]) for row in rows}
