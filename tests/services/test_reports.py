"""Reports of our own runs, on a real S3 server and a real database; and what is read of any CSV."""

import gzip
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text

import app.aws
from app.core.errors import Conflict, InvalidInput, StorageError
from app.db import evaluations as rows
from app.db import models
from app.db.engine import Sessions
from app.db.evaluations import Metric
from app.local.s3 import S3Server
from app.schemas.deployments import Deployment
from app.schemas.evaluations import Evaluation
from app.schemas.reports import ReportImport
from app.services import evaluations, report_import, reports
from app.storage import Storage, open_storage
from tests.support.s3 import s3_server

METRICS = [
    Metric("mae", "", "", value=1.5, reason=None, low=1.0, high=2.0, n=120, small=False),
    Metric(
        "r2", "carrier=Ü, Air", "2013-01", value=None, reason="one row", low=None, high=None, n=1, small=True
    ),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
async def storage(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Storage]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    app.aws.session.cache_clear()
    storage = open_storage(f"s3://bucket-{uuid4().hex}/here")
    await storage.ensure_bucket()
    yield storage
    app.aws.session.cache_clear()


@pytest.fixture
async def run(sessions: Sessions) -> Evaluation:
    """A finished run of version 1."""
    async with sessions.begin() as session:
        model = await models.ensure_model(session, "transit")
        deployment = Deployment(0, "transit", "1", "sagemaker", {}, ())
        version = await models.insert_version(session, model.id, deployment, revision=None)
        evaluation_id = await rows.create(session, version.id, "quality", {})
        await rows.store(session, evaluation_id, [], METRICS)
        await rows.end(session, evaluation_id, "done")
    return await evaluations.get(sessions, evaluation_id)


async def noted(sessions: Sessions) -> tuple[str | None, str | None, str]:
    async with sessions() as session:
        found = await session.execute(text("select report, error, state from evaluations"))
        report, error, state = found.one()
        return report, error, state


async def test_a_finished_run_is_saved_once_under_its_time(
    sessions: Sessions, storage: Storage, run: Evaluation
) -> None:
    key = await reports.save(sessions, storage, run.id)
    assert await reports.save(sessions, storage, run.id) == key
    assert [entry.key for entry in await storage.list("")] == [key]
    assert await noted(sessions) == (key, None, "done")
    assert run.finished_at is not None
    assert key.startswith("evaluations/transit/1/2")
    assert report_import.layout(key) == report_import.Layout("transit", "1", run.finished_at)
    header, first, _ = (await storage.get(key)).decode().splitlines()
    assert header.startswith(
        "metric,slice,bucket,value,reason,low,high,n,small,evaluation_id,kind,model,version"
    )
    assert first.startswith("mae,,,1.5,,1.0,2.0,120,False,")


async def test_a_saved_run_comes_back_as_it_was_but_not_beside_itself(
    sessions: Sessions, storage: Storage, run: Evaluation
) -> None:
    await reports.save(sessions, storage, run.id)
    wanted = ReportImport(prefix="evaluations")
    assert (await report_import.import_reports(sessions, storage, wanted)).unchanged == 1
    async with sessions.begin() as session:
        await session.execute(text("delete from evaluations"))
    assert (await report_import.import_reports(sessions, storage, wanted)).imported == 1
    async with sessions() as session:
        evaluation_id = (await session.scalars(text("select id from evaluations"))).one()
    back = await evaluations.get(sessions, evaluation_id)
    assert back.metrics == run.metrics
    assert (back.kind, back.version, back.finished_at) == ("report", "1", run.finished_at)
    with pytest.raises(Conflict, match="came from a report"):
        await reports.save(sessions, storage, evaluation_id)


async def test_a_failing_upload_does_not_lose_the_run(
    sessions: Sessions, storage: Storage, run: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as wrong:
        wrong.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        app.aws.session.cache_clear()
        with pytest.raises(StorageError):
            await reports.save(sessions, open_storage("s3://bucket"), run.id)
    app.aws.session.cache_clear()
    report, error, state = await noted(sessions)
    assert (report, state) == (None, "done")
    assert (error or "").startswith("The report was not written: The storage refused the credentials")
    assert (await evaluations.get(sessions, run.id)).metrics == run.metrics
    key = await reports.save(sessions, storage, run.id)
    assert await noted(sessions) == (key, None, "done")


async def test_a_run_under_way_has_no_report(sessions: Sessions, storage: Storage, run: Evaluation) -> None:
    async with sessions.begin() as session:
        await session.execute(text("update evaluations set state = 'running'"))
    with pytest.raises(Conflict, match="is running"):
        await reports.save(sessions, storage, run.id)


def value(cell: str) -> float | str | None:
    """The value that a cell becomes, or why its line cannot be used."""
    found, faults = reports.read(f"mae,n\n{cell},30\n".encode(), ",")
    return faults[0].reason if faults else found[0].metrics[0].value


@pytest.mark.parametrize(
    "cell", ["NA", "N/A", "NaN", "nan", "", " ", "null", "None", "inf", "-Infinity", "1e999"]
)
def test_what_stands_for_no_number_is_null_with_its_reason(cell: str) -> None:
    [row], faults = reports.read(f"mae,n\n{cell},30\n".encode(), ",")
    assert faults == []
    assert (row.metrics[0].value, row.metrics[0].reason) == (None, "not a number in the report")


def test_numbers_are_what_looks_like_one() -> None:
    assert [value(cell) for cell in ("1", " -.5 ", "+2.e3", "1E-3", "0")] == [1.0, -0.5, 2000.0, 0.001, 0.0]
    for cell in ("1_000", "abc", "0x10", "٣", "1 2", "1.2.3", "--1"):
        assert value(cell) == f"mae: {cell!r} is not a number."


def test_wide_and_long_form_are_told_by_the_header() -> None:
    wide, _ = reports.read("\ufeffslice,mae,own score,n\norigin=EWR,1,2,40\n".encode(), ",")
    long, _ = reports.read(b"metric;value;slice;n;comment\nmae;1;origin=EWR;40.0;x\n", ";")
    assert [(one.metric, one.value) for one in wide[0].metrics] == [("mae", 1.0), ("own score", 2.0)]
    assert long[0].metrics == (wide[0].metrics[0],)
    assert (wide[0].line, wide[0].metrics[0].n, wide[0].metrics[0].small) == (2, 40, False)


def test_an_unsaid_count_marks_the_group_as_small_and_an_index_column_is_passed_over() -> None:
    [row], _ = reports.read(b",mae\n0,1\n", ",")
    assert [(one.metric, one.n, one.small) for one in row.metrics] == [("mae", 0, True)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "there seems to be no header"),
        (b"transit,1,4.5\n", "there seems to be no header"),
        (b"model;mae\nx;1\n", "there seems to be no header"),
        (b"metric,n\nmae,3\n", "value is missing"),
        (b"model,version\na,1\n", "a column per metric"),
        (b"mae,mae\n1,2\n", "mae comes twice"),
    ],
)
def test_columns_that_do_not_fit_are_named_beside_those_expected(content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        reports.read(content, ",")
    assert said in caught.value.detail
    assert "Expected metric and value, or a column per metric, such as mae, rmse" in caught.value.detail
    found = content.decode().partition("\n")[0].replace(",", ", ") or "nothing"
    assert caught.value.detail.endswith(f"Found {found}.")


def test_each_line_that_cannot_be_used_is_listed_and_the_others_are_read() -> None:
    lines = [
        b"mae,n,evaluated_at",
        b"1,40,2013-12-01T00:00:00Z",
        b"1,40",
        b'"1"x,40,2013-12-01T00:00:00Z',
        b"\xe9,40,2013-12-01T00:00:00Z",
        b"",
        b"1,\x00,2013-12-01T00:00:00Z",
        b"1,40,2013-12-01",
        b"1,4.5,",
        b"1,-1,",
        b'"2\n",40,2013-12-01T01:00:00+01:00',
        b"3,40,",
        b'"4,40,',
    ]
    found, faults = reports.read(b"\r\n".join(lines).replace(b'"2\n"', b'"2\r\n"'), ",")
    assert [(row.line, row.metrics[0].value) for row in found] == [(2, 1.0), (11, 2.0), (13, 3.0)]
    assert found[0].evaluated_at == found[1].evaluated_at
    assert [fault.line for fault in faults] == [3, 4, 5, 7, 8, 9, 10, 14]
    reasons = [fault.reason for fault in faults]
    assert reasons[0] == "The line has 2 cells, the header 3."
    assert "is not valid CSV" in reasons[1]
    assert reasons[2] == reasons[3] == "This is not text in UTF-8."
    assert "'2013-12-01' is not a time with its offset" in reasons[4]
    assert reasons[5:7] == ["n: '4.5' is not a count of records.", "n: '-1' is not a count of records."]


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_a_metric_needs_a_name_that_can_be_a_key(name: str) -> None:
    _, faults = reports.read(f"metric,value\n{name},1\n".encode(), ",")
    assert [fault.line for fault in faults] == [2]


def test_no_lines_and_binary_data_are_no_report() -> None:
    with pytest.raises(InvalidInput, match="no lines"):
        reports.read(b"mae,n\n\n", ",")
    with pytest.raises(InvalidInput, match="not text in UTF-8"):
        reports.read(b"PAR1\x15\x00\xff\n", ",")


def test_gzip_in_parts_is_read_and_damaged_gzip_is_refused() -> None:
    packed = gzip.compress(b"mae,n\n") + gzip.compress(b"1,40\n")
    assert len(reports.read(packed, ",")[0]) == 1
    for damaged in (packed[:-4], packed[:12] + b"\xff" * 20, packed + b"rubbish"):
        with pytest.raises(InvalidInput, match="damaged or cut off"):
            reports.read(damaged, ",")


def test_a_small_file_that_unpacks_to_a_large_one_is_refused() -> None:
    with pytest.raises(InvalidInput, match="more than 10000000 bytes when unpacked"):
        reports.read(gzip.compress(b"mae\n" + b"1" * reports.MAX_BYTES), ",")
