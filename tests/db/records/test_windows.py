"""Which records a window takes: by times, whatever the time zone of the database, and by exact values."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue, SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import create_engine, create_sessions
from app.db.records import purges, windows
from app.db.records.purges import Doomed
from app.db.records.windows import Window
from tests.support.postgres import query
from tests.support.settings import IsolatedSettings

TIMES: dict[str, JsonValue] = {
    "day": "2013-03-10",
    "naive": "2013-03-10T00:00:00",
    "naive to the microsecond": "2013-03-10 00:00:00.000000",
    "utc": "2013-03-10T00:00:00Z",
    "east": "2013-03-10T05:30:00+05:30",
    "west": "2013-03-09T19:00-05",
}
UNREADABLE: dict[str, JsonValue] = {
    "no day": "2013-02-30",
    "no month": "2013-13-01T00:00:00Z",
    "a word": "today",
    "before the first year": "0001-01-01T00:00:00+05:00",
    "after the last year": "9999-12-31T23:00:00-05:00",
    "another order": "10/03/2013",
    "none": None,
    "a number": 20130310,
    "a list": ["2013-03-10"],
}
MIDNIGHT = datetime(2013, 3, 10, tzinfo=UTC)


INSERT = text(
    "insert into input_objects (id, payload, content_hash) values (:id, cast(:payload as jsonb), '')"
)


async def store(session: AsyncSession, payloads: Mapping[str, JsonValue]) -> None:
    for record_id, payload in payloads.items():
        await session.execute(INSERT, {"id": record_id, "payload": json.dumps(payload)})


@pytest.fixture(params=["America/New_York", "Asia/Kolkata", "UTC"])
def zone(request: pytest.FixtureRequest, database_url: str) -> str:
    """The time zone of the database."""
    name = make_url(database_url).database
    query(database_url, f"alter database {name} set timezone to '{request.param}'")
    return str(request.param)


async def test_a_day_is_its_midnight_and_a_naive_time_one_of_utc(database_url: str, zone: str) -> None:
    engine = create_engine(IsolatedSettings(database_url=SecretStr(database_url)))
    window = Window("at", since=MIDNIGHT, until=MIDNIGHT.replace(microsecond=1))
    async with create_sessions(engine).begin() as session:
        assert await session.scalar(text("show timezone")) == zone
        await store(session, {record_id: {"at": at} for record_id, at in (TIMES | UNREADABLE).items()})
        found = {row[0]: row[2] for row in await windows.records(session, window, after="", limit=100)}
        counts = await windows.count(session, window)
        whole = await windows.count(session, Window("at", timed=True))
    await engine.dispose()
    assert found == dict.fromkeys(TIMES, MIDNIGHT)
    assert (counts.records, counts.without_time) == (len(TIMES), len(UNREADABLE))
    assert (whole.records, whole.without_time) == (len(TIMES), len(UNREADABLE))


EXTREMES: dict[str, JsonValue] = {
    "first day": "0001-01-01",
    "first moment": "0001-01-01T00:00:00Z",
    "last day": "9999-12-31",
    "last moment": "9999-12-31T23:59:59.999999Z",
}


async def test_the_first_and_the_last_day_count(database_url: str) -> None:
    engine = create_engine(IsolatedSettings(database_url=SecretStr(database_url)))
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    async with create_sessions(engine).begin() as session:
        await store(session, {record_id: {"at": at} for record_id, at in (EXTREMES | UNREADABLE).items()})
        whole = await windows.count(session, Window("at", timed=True))
        since = await windows.records(session, Window("at", since=last), after="", limit=100)
        until = await windows.records(session, Window("at", until=last), after="", limit=100)
    await engine.dispose()
    assert (whole.records, whole.without_time) == (len(EXTREMES), len(UNREADABLE))
    assert [row[2] for row in since] == [last, datetime.max.replace(tzinfo=UTC)]
    assert [row[2] for row in until] == [first, first]


async def test_what_lacks_a_required_field_is_in_no_window(database_url: str) -> None:
    engine = create_engine(IsolatedSettings(database_url=SecretStr(database_url)))
    payloads: dict[str, JsonValue] = {
        "fits": {"a": 1, "b": None, "at": "2013-03-10"},
        "lacks b": {"a": 1, "at": "2013-03-10"},
        "lacks b, and is too late": {"a": 1, "at": "2014-01-01"},
        "lacks all": {},
        "no object": [],
    }
    window = Window("at", until=datetime(2013, 12, 1, tzinfo=UTC), required=("a", "b", "at"))
    async with create_sessions(engine).begin() as session:
        await store(session, payloads)
        counts = await windows.count(session, window)
        left_out = [row[0] for row in await windows.unfit(session, window, limit=100)]
    await engine.dispose()
    assert (counts.records, counts.without_time, counts.unfit) == (1, 0, 3)
    assert left_out == ["lacks all", "lacks b", "lacks b, and is too late", "no object"]


VALUES: dict[str, JsonValue] = {
    "a": {"tags": ["a"], "n": 1, "place": {"city": "Ulm", "zip": ""}, "note": None},
    "a, b": {"tags": ["a", "b"], "n": 1.5, "place": {"city": "Ulm", "zip": "89073"}, "note": "x"},
    "b, a": {"tags": ["b", "a"], "n": "1", "place": {}, "note": ""},
    "none": {"tags": [], "n": None, "place": None, "note": []},
    "nested": {"tags": [["a"]], "n": True, "place": [{"city": "Ulm"}], "note": {}},
    "lacks all": {},
    "a list": [["tags"]],
    "null": None,
}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, list(VALUES)),
        ({"tags": []}, ["none"]),
        ({"tags": ["a"]}, ["a"]),
        ({"tags": ["a", "a"]}, []),
        ({"tags": "a"}, []),
        ({"place": {}}, ["b, a"]),
        ({"place": {"zip": "", "city": "Ulm"}}, ["a"]),
        ({"place": {"city": "Ulm"}}, []),
        ({"n": 1}, ["a"]),
        ({"n": 1.0}, ["a"]),
        ({"n": True}, ["nested"]),
        ({"n": None}, ["none"]),
        ({"note": None}, ["a"]),
        ({"note": {}}, ["nested"]),
        ({"gone": None}, []),
        ({"tags": ["a"], "n": 1}, ["a"]),
        ({"tags": ["a"], "n": 1.5}, []),
    ],
)
async def test_a_field_has_exactly_the_value(
    database_url: str, where: dict[str, JsonValue], found: list[str]
) -> None:
    engine = create_engine(IsolatedSettings(database_url=SecretStr(database_url)))
    window = Window(where=where)
    async with create_sessions(engine).begin() as session:
        await store(session, VALUES)
        chosen = [row[0] for row in await windows.records(session, window, after="", limit=100)]
        counts = await windows.count(session, window)
        doomed = await purges.count(session, Doomed(window, "", only_unfit=False))
    await engine.dispose()
    assert chosen == sorted(found)
    assert (counts.records, doomed.records) == (len(found), len(found))
