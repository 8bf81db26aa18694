"""Input objects in a real JSONB column."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from app.core.strict_json import canonical
from app.db.engine import Sessions, dump_json
from app.db.records import labels, records
from app.db.records.records import NewRecord
from tests.support.json_values import json_values


def as_numbers(value: JsonValue) -> JsonValue:
    """Numbers as doubles: JSONB keeps their value, but reads 1e20 back as an integer."""
    if isinstance(value, dict):
        return {key: as_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_numbers(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def integers(value: JsonValue) -> list[int]:
    """The integers in a value, each of them exact."""
    if isinstance(value, dict):
        return [number for key in sorted(value) for number in integers(value[key])]
    if isinstance(value, list):
        return [number for item in value for number in integers(item)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(json_values(), min_size=1, max_size=10))
async def test_what_passes_the_check_comes_back(sessions: Sessions, values: list[JsonValue]) -> None:
    async with sessions.begin() as session:
        many = [NewRecord(f"many-{index}", dump_json(value), "h") for index, value in enumerate(values)]
        await records.upsert(session, many)
        for index, value in enumerate(values):
            await records.insert_or_lock(session, NewRecord(f"one-{index}", dump_json(value), "h"))
            await labels.upsert(session, f"one-{index}", value, None)
        for index, value in enumerate(values):
            many_row = await records.find(session, f"many-{index}")
            one_row = await records.find(session, f"one-{index}")
            assert many_row is not None
            assert one_row is not None
            for read in (many_row.payload, one_row.payload, one_row.value):
                assert canonical(as_numbers(read)) == canonical(as_numbers(value))
                assert set(integers(value)) <= set(integers(read))
        await session.rollback()


async def test_upsert_tells_created_changed_and_unchanged_apart(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        first = [NewRecord("a", "1", "1"), NewRecord("b", "1", "1")]
        assert await records.upsert(session, first) == {"a": True, "b": True}
    async with sessions.begin() as session:
        second = [NewRecord("c", "1", "1"), NewRecord("b", "2", "2"), NewRecord("a", "1", "1")]
        assert await records.upsert(session, second) == {"b": False, "c": True}


async def test_more_records_than_a_statement_has_arguments(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        new = await records.upsert(
            session, [NewRecord(str(number), str(number), "1") for number in range(33_000)]
        )
    assert len(new) == 33_000
