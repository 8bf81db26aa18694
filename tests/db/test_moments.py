"""Points in time, to Postgres and back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import DateTime, bindparam, text

from app.db.engine import Sessions

BACK = text(
    "select cast(:at as timestamptz) as at, isfinite(cast(:at as timestamptz)) as is_finite"
).bindparams(bindparam("at", type_=DateTime(timezone=True)))
INDIA = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    "at",
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
        datetime(999, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 15, 30, 0, 123456, tzinfo=INDIA),
    ],
)
async def test_a_moment_comes_back(sessions: Sessions, at: datetime) -> None:
    async with sessions() as session:
        row = (await session.execute(BACK, {"at": at})).one()
    assert (row.at, row.at.tzinfo, row.is_finite) == (at, UTC, True)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("-infinity", datetime.min.replace(tzinfo=UTC)),
        ("infinity", datetime.max.replace(tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:59-12:00", datetime.max.replace(tzinfo=UTC)),
    ],
)
async def test_what_an_earlier_release_stored_beyond_them_is_read(
    sessions: Sessions, stored: str, read: datetime
) -> None:
    async with sessions() as session:
        assert await session.scalar(text(f"select timestamptz '{stored}'")) == read
