"""Which objects are reports, and which of them are the newest."""

from datetime import UTC, datetime, timedelta

import pytest

from app.services.reports.listing import newest_first
from app.storage import StoredObject

AT = datetime(2026, 1, 1, tzinfo=UTC)


def entry(key: str, *, seconds: int = 0, size: int = 9) -> StoredObject:
    return StoredObject(key, "etag", AT + timedelta(seconds=seconds), size)


@pytest.mark.parametrize(
    "keys",
    [
        ["m/1/20140101T000000Z.csv", "m/1/20131231T235959Z.csv"],
        ["a/1/20140102.csv", "z/1/20140101.csv"],  # the key alone would say otherwise
        ["m/1/2014-01-01T00:30:00+01:00.csv", "m/1/2013-12-31T23:00:00Z.csv"],
        ["m/1/20140101.csv", "m/1/latest.csv"],
        ["m/1/report-10.csv", "m/1/report-9.csv"],
        ["m/10/report.csv", "m/9/report.csv"],
        ["m/1/report-2.csv", "m/1/report.csv"],
        ["m/1/10.csv", "m/1/a.csv"][::-1],
        ["m/1/007.csv", "m/1/07.csv"][::-1],
    ],
)
def test_what_is_of_one_date_goes_by_its_own_time_and_then_as_people_count(keys: list[str]) -> None:
    for given in (keys, keys[::-1]):
        assert [one.key for one in newest_first([entry(f"r/{key}") for key in given], "r/")] == [
            f"r/{key}" for key in keys
        ]


def test_the_date_comes_before_what_a_key_says() -> None:
    older, newer = entry("r/20140101.csv"), entry("r/20130101.csv", seconds=1)
    assert newest_first([older, newer], "r/") == [newer, older]


def test_markers_and_what_is_empty_are_no_reports() -> None:
    marks = ["", "sub/", "sub_$folder$", "_SUCCESS", "m/1/_SUCCESS", ".part-0.csv.crc", "_temporary/0/p.csv"]
    entries = [*(entry(f"_r/.x/{mark}") for mark in marks), entry("_r/.x/m/1/empty.csv", size=0)]
    good = entry("_r/.x/m/1/some_file.csv")
    assert newest_first([*entries, good], "_r/.x/") == [good]
