"""What is read of any CSV report, and what is said of the rest."""

import gzip
import tracemalloc
from datetime import UTC, datetime

import pytest

from app.core.errors import InvalidInput
from app.services.reports import reading
from app.services.reports.lines import MAX_BYTES, Fault
from app.services.reports.reading import ReportRow


def read(content: str | bytes, delimiter: str = ",") -> tuple[list[ReportRow], list[Fault]]:
    data = content.encode() if isinstance(content, str) else content
    found = list(reading.read(data, delimiter))
    return [one for one in found if isinstance(one, ReportRow)], [
        one for one in found if isinstance(one, Fault)
    ]


def values(content: str | bytes, delimiter: str = ",") -> list[tuple[str, float | None]]:
    """Metrics and their values, of a report that is read without a fault."""
    rows, faults = read(content, delimiter)
    assert faults == []
    return [(metric.metric, metric.value) for row in rows for metric in row.metrics]


def refusal(content: str | bytes) -> str:
    """Why the report as a whole cannot be used."""
    with pytest.raises(InvalidInput) as caught:
        read(content)
    return caught.value.detail


@pytest.mark.parametrize(
    "cell", ["NA", "N/A", "NaN", "nan", "", " ", "null", "None", "inf", "-Infinity", "1e400"]
)
def test_what_stands_for_no_number_is_null_with_its_reason(cell: str) -> None:
    [row], faults = read(f"acc,auc\n0.5,{cell}\n")
    assert faults == []
    assert [(one.metric, one.value, one.reason) for one in row.metrics] == [
        ("acc", 0.5, None),
        ("auc", None, "not a number in the report"),
    ]


def test_numbers_are_what_looks_like_one() -> None:
    cells = ("1", " -.5 ", "+2.e3", "1E-3", "0", "1e-400")
    assert [values(f"mae\n{cell}\n") for cell in cells] == [
        [("mae", value)] for value in (1.0, -0.5, 2000.0, 0.001, 0.0, 0.0)
    ]
    for cell in ("1_000", "abc", "0x10", "٣", "1 2", "1.2.3", "--1", "50%", "9" * 100_000 + "x"):
        [fault] = read(f"mae\n{cell}\n")[1]
        assert fault.reason == f"mae: {cell[:200]!r} is not a number."


def test_a_cell_that_is_no_number_leaves_the_others_of_its_line_as_they_are() -> None:
    [row], [fault] = read("note,mae,rmse\nfine,1,?\n")
    assert [(one.metric, one.value) for one in row.metrics] == [("mae", 1.0)]
    assert fault == Fault(2, "note: 'fine' is not a number. rmse: '?' is not a number.")
    many = ",".join(f"m{number}" for number in range(9))
    rows, [fault] = read(f"{many}\n{'x,' * 8}x\n")
    assert rows == []
    assert fault.reason.endswith("m4: 'x' is not a number. And 4 more.")


def test_wide_and_long_form_are_told_by_the_header() -> None:
    wide, _ = read("\ufeffslice,mae,own score,n\norigin=EWR,1,2,40\n")
    long, _ = read("metric;value;slice;n;comment\nmae;1;origin=EWR;40.0;x\n", ";")
    assert [(one.metric, one.value) for one in wide[0].metrics] == [("mae", 1.0), ("own score", 2.0)]
    assert long[0].metrics == wide[0].metrics[:1]
    assert (wide[0].line, wide[0].metrics[0].n, wide[0].metrics[0].small) == (2, 40, False)


def test_a_report_of_another_job_is_read_as_it_is() -> None:
    """Names of its own, columns of ours in capitals, an index, tabs, CRLF, quotes, blank lines in the end."""
    text = (
        '\ufeff\tModel\tVersion\tEvaluated_At\tAUC\tGini\r\n0\t"transit"\t2\t2026-01-31 12:00+05:30'
        "\t0.9\t0.8\r\n\r\n\t\t\t\t\t\r\n"
    )
    rows, faults = read(text, "\t")
    assert faults == []
    assert [(row.model, row.version, row.evaluated_at) for row in rows] == [
        ("transit", "2", datetime(2026, 1, 31, 6, 30, tzinfo=UTC))
    ]
    assert [(one.metric, one.value, one.n, one.small) for one in rows[0].metrics] == [
        ("AUC", 0.9, 0, True),
        ("Gini", 0.8, 0, True),
    ]


def test_either_line_end_and_line_feeds_in_quotes_keep_the_count_of_lines() -> None:
    for end in ("\n", "\r\n", "\r"):
        rows, _ = read(end.join(["slice,mae", f'"a{end}b",1', "", "c,2", ""]))
        assert [(row.line, row.metrics[0].slice) for row in rows] == [(2, f"a{end}b"), (5, "c")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "there seems to be no header"),
        ("transit,1,4.5\n", "there seems to be no header"),
        ("mae,0.5\n", "there seems to be no header"),
        ("mae;rmse\n1,5;2,5\n", "there seems to be another delimiter"),
        ("metric,n\nmae,3\n", "value is missing"),
        ("value,n\n1,3\n", "metric is missing"),
        ("model,version\na,1\n", "there is no metric"),
        ("mae,mae\n1,2\n", "mae comes twice"),
        ("Model,MODEL,mae\na,b,2\n", "model comes twice"),
        (f"mae,{'x' * 201}\n1,2\n", "has more than 200 characters"),
    ],
)
def test_columns_that_do_not_fit_are_named_beside_those_expected(content: str, said: str) -> None:
    detail = refusal(content)
    assert said in detail
    assert "Expected metric and value, or a column per metric, such as mae or accuracy" in detail
    assert "; and, if wanted, model, version, slice, bucket, n, evaluated_at." in detail
    found = content.partition("\n")[0].replace(",", ", ") or "nothing"
    assert detail.endswith(f"Found {found}.")


def test_each_line_that_cannot_be_used_is_listed_and_the_others_are_read() -> None:
    lines = [
        b"mae,n,evaluated_at",
        b"1,40,2013-12-01T00:00:00Z",
        b"1,40",
        b'"1"x,40,2013-12-01T00:00:00Z',
        b"\xe9,40,2013-12-01T00:00:00Z",
        b"",
        b"1,\x00,2013-12-01T00:00:00Z",
        b"1,4.5,",
        b"1,-1,",
        b'"2\r\n",40,2013-12-01T01:00:00+01:00',
        b"3,40,",
        b'"4,40,',
        b"5,40,",
    ]
    rows, faults = read(b"\r\n".join(lines))
    assert [(row.line, row.metrics[0].value) for row in rows] == [(2, 1.0), (10, 2.0), (12, 3.0)]
    assert rows[0].evaluated_at == rows[1].evaluated_at
    reasons = {fault.line: fault.reason for fault in faults}
    assert list(reasons) == [3, 4, 5, 7, 8, 9, 13]
    assert reasons[3] == "The line has 2 cells, the header 3."
    assert "is not valid CSV" in reasons[4]
    assert reasons[5] == reasons[7] == "This is not text in UTF-8, or holds a NUL."
    assert reasons[8] == "n: '4.5' is not a count of records."
    assert reasons[9] == "n: '-1' is not a count of records."
    assert "It goes on to line 14: is a quote not closed?" in reasons[13]
    assert [fault.lines for fault in faults] == [1, 1, 1, 1, 1, 1, 2]


def test_a_time_is_not_guessed() -> None:
    for cell in (
        "2013-12-01",
        "2013-12-01T00:00:00",
        "20131201",
        "1385856000",
        "yesterday",
        "0001-01-01T00:00+01",
    ):
        [fault] = read(f"mae,evaluated_at\n1,{cell}\n")[1]
        assert fault.reason.startswith(f"evaluated_at: {cell!r} is not a time with its offset")


def test_names_that_cannot_be_keys_are_refused() -> None:
    long = "x" * 201
    for row in (",1,,,", f"{long},1,,,", f"mae,1,{long},,", f"mae,1,,{long},", f"mae,1,,,{long}"):
        rows, faults = read(f"metric,value,slice,bucket,model\n{row}\n")
        assert (rows, [fault.line for fault in faults]) == ([], [2])


def test_no_lines_and_what_is_no_text_are_no_report() -> None:
    assert refusal("mae,n\n\n,\n") == "The report has a header and no lines."
    for content in (b"PAR1\x15\x00\xff\n", "mae,n\n1,2\n".encode("utf-16"), "mae\n1\n".encode("utf-16-le")):
        assert refusal(content).startswith("The header cannot be read. This is not text in UTF-8")


def test_gzip_in_parts_is_read_and_damaged_gzip_is_refused() -> None:
    packed = gzip.compress(b"\xef\xbb\xbfmae\n") + gzip.compress(b"1\n")
    assert values(packed) == [("mae", 1.0)]
    for damaged in (packed[:-4], packed[:12] + b"\xff" * 20, packed + b"rubbish", b"\x1f\x8b"):
        assert refusal(damaged) == "The gzip data is damaged or cut off."


def test_more_than_fits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b"mae\n" + b"1" * (10 * MAX_BYTES), compresslevel=1)
    tracemalloc.start()
    assert refusal(bomb) == "The file has more than 10000000 bytes when unpacked, the most that is read."
    assert tracemalloc.get_traced_memory()[1] < 5 * MAX_BYTES
    tracemalloc.stop()
    monkeypatch.setattr(reading, "MAX_METRICS", 3)
    assert len(values("a,b,c\n1,2,3\n")) == 3
    assert refusal("a,b\n1,2\n3,4\n") == "The file has more than 3 metrics, the most that is read."


def test_a_hundred_thousand_lines_are_read_and_the_bad_one_is_found() -> None:
    lines = [f"carrier={number},1.5" for number in range(100_000)]
    lines[77_777] = "carrier,x,1"
    rows, [fault] = read("\n".join(["slice,mae", *lines]))
    assert (len(rows), fault.line) == (99_999, 77_779)
