"""The import of other jobs' reports, from a real S3 server into a real database."""

import asyncio
import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO
from uuid import uuid4

import pytest
from sqlalchemy import text

import app.aws
from app.core.errors import NotFound, StorageCredentials, StorageDown, StorageError
from app.db import models
from app.db.engine import Sessions
from app.schemas.hosting.deployments import Deployment
from app.schemas.reports import ImportedReports, ReportImport, Unread
from app.services.reports import importing
from app.services.reports.importing import AT_ONCE
from app.services.reports.lines import MAX_BYTES
from app.services.reports.runs import Layout, layout
from app.storage import Storage, StoredObject, open_storage
from tests.support.aws_stub import Answer, AwsStub

WIDE = b"mae,rmse,n\n1.5,2.5,100\n"


@pytest.fixture
async def sessions(sessions: Sessions) -> Sessions:
    """A database in which the model `transit` has the version 1."""
    await register(sessions, "1")
    return sessions


class Dated(Storage):
    """A storage whose objects were written when ``clock`` says; S3's own dates are whole seconds."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage._bucket, storage._prefix)
        self.clock = datetime(2026, 1, 1, tzinfo=UTC)
        self._dates: dict[str, datetime] = {}

    async def put(self, key: str, content: bytes | BinaryIO) -> None:
        await super().put(key, content)
        self._dates[key] = self.clock

    async def list(self, prefix: str) -> list[StoredObject]:
        entries = await super().list(prefix)
        return [replace(entry, last_modified=self._dates[entry.key]) for entry in entries]


@pytest.fixture
def dated(storage: Storage) -> Dated:
    return Dated(storage)


async def register(sessions: Sessions, version: str) -> None:
    async with sessions.begin() as session:
        model = await models.ensure_model(session, "transit")
        deployment = Deployment(0, "transit", version, "sagemaker", {}, ())
        await models.insert_version(session, model.id, deployment)


async def bring_in(sessions: Sessions, storage: Storage, **wanted: object) -> ImportedReports:
    request = ReportImport.model_validate({"prefix": "reports"} | wanted)
    return await importing.import_reports(sessions, storage, request)


async def history(sessions: Sessions) -> list[tuple[object, ...]]:
    """Version, time, metric, slice and value, in their order."""
    query = """
        select v.version, e.finished_at, m.metric, m.slice, m.value
        from evaluation_metrics m join evaluations e on e.id = m.evaluation_id
        join model_versions v on v.id = e.model_version_id where e.kind = 'report' and e.state = 'done'
        order by 1, 2, 3, 4, 5
    """
    async with sessions() as session:
        return [tuple(row) for row in await session.execute(text(query))]


async def test_the_key_says_what_the_lines_do_not(sessions: Sessions, storage: Storage) -> None:
    await storage.put("reports/transit/1/20131201T000000Z.csv", WIDE)
    found = await bring_in(sessions, storage)
    assert found == ImportedReports(files=1, imported=1, runs=1, metrics=2)
    at = datetime(2013, 12, 1, tzinfo=UTC)
    assert await history(sessions) == [("1", at, "mae", "", 1.5), ("1", at, "rmse", "", 2.5)]


async def test_lines_come_before_parameters_and_parameters_before_the_key(
    sessions: Sessions, storage: Storage
) -> None:
    await register(sessions, "2")
    await register(sessions, "3")
    lines = (
        b"model,version,evaluated_at,mae",
        b",2,2013-01-01T00:00:00Z,1",
        b",,2013-02-01T00:00:00Z,2",
        b"transit,2,2013-02-01T00:00:00Z,3",
        b"other,2,2013-02-01T00:00:00Z,4",
    )
    key = "reports/another/1/20140101.csv"
    await storage.put(key, b"\n".join(lines))
    found = await bring_in(sessions, storage, model="transit", version="3", prefix="reports/")
    assert found.runs == 3
    assert found.unread == [Unread(key=key, line=5, reason="There is no model 'other'.")]
    assert [(row[0], row[4]) for row in await history(sessions)] == [("2", 1.0), ("2", 3.0), ("3", 2.0)]


async def test_the_same_again_changes_nothing_and_another_content_is_another_run(
    sessions: Sessions, storage: Storage
) -> None:
    key = "reports/transit/1/20131201.csv"
    await storage.put(key, WIDE)
    await bring_in(sessions, storage)
    assert await bring_in(sessions, storage) == ImportedReports(files=1, unchanged=1)
    await storage.put(key, WIDE.replace(b"1.5", b"1.75"))
    assert (await bring_in(sessions, storage)).imported == 1
    assert [row[4] for row in await history(sessions) if row[2] == "mae"] == [1.5, 1.75]


async def test_a_file_that_is_read_again_for_its_faults_brings_no_run_in_twice(
    sessions: Sessions, dated: Dated
) -> None:
    """Also if the run's time is the file's date, which a copy over itself moves."""
    key, written = "reports/transit/1/latest.csv", dated.clock
    await dated.put(key, b"slice,mae\na,1\nb,x\n")
    assert (await bring_in(sessions, dated)).runs == 1
    dated.clock += timedelta(seconds=1)
    await dated.put(key, b"slice,mae\na,1\nb,x\n")
    again = await bring_in(sessions, dated)
    assert (again.runs, again.unchanged, again.skipped) == (0, 1, 1)
    assert await history(sessions) == [("1", written, "mae", "a", 1.0)]


async def test_two_files_about_the_same_run_are_two_runs(sessions: Sessions, storage: Storage) -> None:
    await storage.put("reports/transit/1/20131201.csv", b"mae\n1\n")
    await storage.put("reports/copy/transit/1/20131201.csv", b"mae\n2\n")
    assert (await bring_in(sessions, storage)).runs == 2
    assert [row[4] for row in await history(sessions)] == [1.0, 2.0]


async def test_a_file_may_tell_of_thousands_of_runs(sessions: Sessions, storage: Storage) -> None:
    start = datetime(2013, 1, 1, tzinfo=UTC)
    times = [(start + timedelta(hours=hour)).isoformat() for hour in range(4000)]
    lines = "".join(f"{time},{hour},50\n" for hour, time in enumerate(times))
    await storage.put("reports/transit/1/all.csv", b"evaluated_at,mae,n\n" + lines.encode())
    assert (await bring_in(sessions, storage)).runs == 4000
    found = await history(sessions)
    assert [(row[1], row[4]) for row in found] == [
        (start + timedelta(hours=hour), float(hour)) for hour in range(4000)
    ]


async def test_imports_at_once_bring_a_file_in_once(sessions: Sessions, storage: Storage) -> None:
    for day in range(1, 6):
        await storage.put(f"reports/transit/1/2013120{day}.csv", WIDE)
    found = await asyncio.gather(*(bring_in(sessions, storage) for _ in range(4)))
    assert sum(one.imported for one in found) == 5
    assert {one.imported + one.unchanged for one in found} == {5}
    assert len(await history(sessions)) == 10


async def test_what_cannot_be_used_is_listed_while_the_rest_goes_in(
    sessions: Sessions, storage: Storage
) -> None:
    good, mixed, headless = (f"reports/transit/1/2013120{day}.csv" for day in (1, 2, 3))
    await storage.put(good, WIDE)
    await storage.put(mixed, b"slice,mae\na,1\na,2\nb,x\nc,3\n")
    await storage.put(headless, b"4.5,7\n")
    await storage.put("reports/loose.csv", WIDE)
    found = await bring_in(sessions, storage)
    assert (found.files, found.imported, found.refused, found.skipped) == (4, 2, 2, 3)
    reasons = {(one.key, one.line): one.reason for one in found.unread}
    assert sorted(reasons, key=str) == sorted(
        [(mixed, 3), (mixed, 4), (headless, None), ("reports/loose.csv", 2)], key=str
    )
    assert "earlier line" in reasons[mixed, 3]
    assert reasons[mixed, 4] == "mae: 'x' is not a number."
    assert "no header" in reasons[headless, None]
    assert "model or the version" in reasons["reports/loose.csv", 2]
    assert [row[3] for row in await history(sessions) if row[2] == "mae"] == ["", "a", "c"]
    again = await bring_in(sessions, storage)
    assert (again.unchanged, again.runs) == (2, 0)
    assert {(one.key, one.line) for one in again.unread} == reasons.keys()


async def test_a_version_that_is_registered_later_comes_in_then(sessions: Sessions, storage: Storage) -> None:
    key = "reports/transit/1/20131201.csv"
    await storage.put(key, b"version,slice,mae\n1,,1\n2,,2\n2,a,3\n")
    found = await bring_in(sessions, storage)
    assert (found.runs, found.skipped) == (1, 2)
    reason = "The model 'transit' has no version '2'. The same goes for 1 more lines."
    assert found.unread == [Unread(key=key, line=3, reason=reason)]
    await register(sessions, "2")
    assert await bring_in(sessions, storage) == ImportedReports(files=1, imported=1, runs=1, metrics=2)
    assert await bring_in(sessions, storage) == ImportedReports(files=1, unchanged=1)
    assert [(row[0], row[4]) for row in await history(sessions)] == [("1", 1.0), ("2", 2.0), ("2", 3.0)]


async def test_gzip_is_told_by_its_bytes_whatever_the_suffix(sessions: Sessions, storage: Storage) -> None:
    await storage.put("reports/transit/1/20131201.csv", gzip.compress(WIDE))
    await storage.put("reports/transit/1/20131202.csv.gz", b"\xef\xbb\xbf" + WIDE)
    await storage.put("reports/transit/1/20131203.csv.gz", gzip.compress(WIDE)[:-3])
    found = await bring_in(sessions, storage)
    assert (found.imported, found.refused) == (2, 1)
    days = {at.day for _, at, *_ in await history(sessions) if isinstance(at, datetime)}
    assert days == {1, 2}


async def test_keys_of_any_text_and_a_folder_that_is_not_a_mere_prefix(
    sessions: Sessions, storage: Storage
) -> None:
    keys = [f"reports/é {name}/a+b%2B/x y.csv" for name in ("ü", "+", "50%_")]
    for key in [*keys, "reports/é +more/a/b.csv"]:
        await storage.put(key, WIDE)
    for key in keys:
        folder = key.rpartition("/a")[0]
        found = await bring_in(sessions, storage, prefix=folder, model="transit", version="1")
        assert (found.files, found.imported) == (1, 1)
    async with sessions() as session:
        stored = await session.scalars(text("select report from evaluations"))
        assert sorted(stored) == sorted(keys)


async def test_the_newest_of_1001_objects_is_one_by_date_over_all_pages(
    sessions: Sessions, dated: Dated
) -> None:
    async def put(number: int) -> None:
        await dated.put(f"reports/transit/1/{number:04}.csv", WIDE)

    await asyncio.gather(*map(put, range(1000)))
    for name, value in (("zz", 7.0), ("0000", 8.0)):
        dated.clock += timedelta(seconds=1)
        await dated.put(f"reports/transit/1/{name}.csv", WIDE.replace(b"1.5", str(value).encode()))
        found = await bring_in(sessions, dated, newest=1)
        assert (found.files, found.imported) == (1, 1)
        assert (await history(sessions))[-2:] == [
            ("1", dated.clock, "mae", "", value),
            ("1", dated.clock, "rmse", "", 2.5),
        ]


async def test_a_file_that_is_too_large_is_refused_with_its_size(
    sessions: Sessions, storage: Storage
) -> None:
    await storage.put("reports/transit/1/20131201.csv", b"x" * (MAX_BYTES + 1))
    [fault] = (await bring_in(sessions, storage)).unread
    assert fault.reason == "The file has 10000001 bytes; the most that is read is 10000000."


class Moving(Storage):
    """A storage where something happens between the listing and the reading."""

    async def list(self, prefix: str) -> list[StoredObject]:
        entries = await super().list(prefix)
        await self.put("reports/transit/1/20131201.csv", b"mae\n2\n")
        gone = replace(entries[0], key="reports/transit/1/20131202.csv")
        return [*entries, gone]


async def test_a_file_that_goes_or_changes_in_between_is_listed(sessions: Sessions, storage: Storage) -> None:
    await storage.put("reports/transit/1/20131201.csv", b"mae\n1\n")
    await storage.put("reports/transit/1/20131203.csv", b"mae\n3\n")
    moving = Moving(storage._bucket, storage._prefix)
    found = await bring_in(sessions, moving)
    assert (found.imported, found.refused) == (1, 2)
    assert {one.key[-12:]: one.reason for one in found.unread} == {
        "20131201.csv": "The object has been replaced.",
        "20131202.csv": "There is no such object in the storage.",
    }
    assert (await bring_in(sessions, storage)).imported == 1
    assert [row[4] for row in await history(sessions)] == [2.0, 3.0]


class Failing(Storage):
    """A storage that fails where the oldest file is read; of one second, that of the least key comes last."""

    async def get(self, key: str, *, etag: str | None = None) -> bytes:
        if key.endswith("0000.csv"):
            raise StorageDown("The storage is failing.")
        return await super().get(key, etag=etag)


async def test_an_outage_ends_it_and_the_same_import_goes_on(sessions: Sessions, storage: Storage) -> None:
    for number in range(AT_ONCE + 1):
        await storage.put(f"reports/transit/1/{number:04}.csv", b"mae\n1\n")
    failing = Failing(storage._bucket, storage._prefix)
    with pytest.raises(StorageDown):
        await bring_in(sessions, failing)
    found = await bring_in(sessions, storage)
    assert (found.imported, found.unchanged) == (1, AT_ONCE)
    again = await bring_in(sessions, failing)  # what went in whole is not read again
    assert again == ImportedReports(files=AT_ONCE + 1, unchanged=AT_ONCE + 1)


class Refusing(Storage):
    """A storage that refuses all files, or from the second batch on."""

    error: StorageError
    reads = 0
    granted = 0

    async def get(self, key: str, *, etag: str | None = None) -> bytes:
        self.reads += 1
        if self.reads > self.granted:
            raise self.error
        return await super().get(key, etag=etag)


@pytest.mark.parametrize("granted", [0, AT_ONCE])
async def test_credentials_that_expire_end_it_and_the_same_import_goes_on(
    sessions: Sessions, storage: Storage, granted: int
) -> None:
    for number in range(3 * AT_ONCE):
        await storage.put(f"reports/transit/1/{number:04}.csv", WIDE)
    refusing = Refusing(storage._bucket, storage._prefix)
    refusing.error, refusing.granted = StorageCredentials("They have expired."), granted
    with pytest.raises(StorageCredentials):
        await bring_in(sessions, refusing)
    assert refusing.reads == granted + AT_ONCE  # the others are not even tried
    found = await bring_in(sessions, storage)
    assert (found.imported, found.unchanged) == (3 * AT_ONCE - granted, granted)


@pytest.mark.parametrize("granted", [0, 1])
async def test_a_storage_that_lets_us_have_no_file_at_all_is_an_error(
    sessions: Sessions, storage: Storage, granted: int
) -> None:
    for number in range(3):
        await storage.put(f"reports/transit/1/{number}.csv", WIDE)
    refusing = Refusing(storage._bucket, storage._prefix)
    refusing.error, refusing.granted = StorageError("They may not do this."), granted
    if granted:
        assert (await bring_in(sessions, refusing)).refused == 2
    else:
        with pytest.raises(StorageError):
            await bring_in(sessions, refusing)


async def test_a_key_that_cannot_be_stored_is_listed(sessions: Sessions, aws: AwsStub) -> None:
    listing = """<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>reports/a%00.csv</Key>
        <LastModified>2026-01-01T00:00:00Z</LastModified><ETag>"1"</ETag><Size>1</Size></Contents>
        </ListBucketResult>"""
    app.aws.session.cache_clear()
    aws.script(Answer(200, listing.encode()))
    found = await bring_in(sessions, open_storage("s3://bucket"))
    app.aws.session.cache_clear()
    assert found.unread == [Unread(key="reports/a\0.csv", line=None, reason="The key holds a NUL.")]


async def test_no_file_and_no_bucket_are_errors(sessions: Sessions, storage: Storage) -> None:
    await storage.put("reports-old/transit/1/a.csv", WIDE)
    with pytest.raises(NotFound, match="no file below 'reports/'"):
        await bring_in(sessions, storage)
    with pytest.raises(StorageError):
        await bring_in(sessions, open_storage(f"s3://no-such-bucket-{uuid4().hex}"))


def test_what_a_key_says() -> None:
    assert layout("a/b/m/1/20131201T061500Z.csv.gz").evaluated_at == datetime(2013, 12, 1, 6, 15, tzinfo=UTC)
    assert layout("m/1/2013-12-01T01:00:00+01:00.csv").evaluated_at == datetime(2013, 12, 1, tzinfo=UTC)
    assert layout("m/1/last week.csv") == Layout("m", "1", None)
    assert layout("1/0001-01-01T00:00+05:00") == Layout(None, "1", None)
    assert layout("x.csv") == Layout(None, None, None)
