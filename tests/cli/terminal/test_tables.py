"""Tables on a terminal: the rows are what the churn example's commands print."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product

import pytest

from app.cli.evaluate.columns import COMPARED, FOUND, GROUP, RUN
from app.cli.terminal import output
from app.cli.terminal.tables import TableCell
from examples.churn.evaluation import METRICS

SLICES = (
    "",
    *(f"plan={one}" for one in ("basic", "plus", "pro")),
    *(f"region={one}" for one in ("east", "south")),
)
UNDEFINED = "nothing was predicted positive"


def compared(slice_: str, metric: str) -> list[TableCell]:
    undefined = metric == "precision" and slice_ == "plan=basic"
    if undefined:
        return [metric, slice_, "", 341, None, 0.5263157894736842, None, None, None, "undecided", UNDEFINED]
    numbers = [0.47969212, 0.3709654, -0.10872672, -0.160123456, -0.0605712]
    return [metric, slice_, "", 341, *numbers, "better", None]


def found(slice_: str, metric: str) -> list[TableCell]:
    if metric == "precision" and slice_ == "plan=basic":
        return [metric, slice_, "", None, None, None, 341, False, UNDEFINED]
    return [metric, slice_, "", 0.47969212, 0.4356123, 0.523178, 341, slice_ == "plan=pro", None]


COMPARISON = [compared(*key) for key in product(SLICES, METRICS)]
RESULTS = [found(*key) for key in product(SLICES, METRICS)]
FINISHED = datetime(2026, 1, 31, 12, 30, 15, 123456, UTC)
HISTORY = [[run, "churn", "1", FINISHED, *row] for run in (1, 2) for row in RESULTS]

Printed = Callable[..., list[str]]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Printed:
    """The lines of a table on a terminal of some width."""

    def print_(
        width: int, columns: tuple[str, ...], rows: list[list[TableCell]], groups: tuple[str, ...] = GROUP
    ) -> list[str]:
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
        monkeypatch.setenv("COLUMNS", str(width))
        output.print_table(columns, rows, groups=groups, below=("reason",))
        return capsys.readouterr().out.splitlines()

    return print_


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize(
    ("columns", "rows", "groups"),
    [(FOUND, RESULTS, GROUP), (COMPARED, COMPARISON, GROUP), ((*RUN, *FOUND), HISTORY, RUN)],
    ids=["show", "compare", "history"],
)
def test_everything_is_there_and_nothing_is_cut(
    printed: Printed,
    width: int,
    columns: tuple[str, ...],
    rows: list[list[TableCell]],
    groups: tuple[str, ...],
) -> None:
    lines = printed(width, columns, rows, groups)
    assert max(map(len, lines)) <= width
    words = re.split(r"[ ,]+|: ", " ".join(lines))
    for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
        texts = {
            str(cell) for cell in cells if isinstance(cell, str | int) and not isinstance(cell, bool)
        } - {""}
        assert {word for text in texts for word in text.split()} <= set(words)
        assert (column in words) == any(cells)
    assert "…" not in " ".join(lines)


def test_a_table_that_fits_has_a_line_a_row(printed: Printed) -> None:
    rows = [row for row in COMPARISON if row[0] in ("log_loss", "recall") and "region" not in str(row[1])]
    round_, wide, narrow = (printed(width, COMPARED, rows) for width in (95, 85, 74))
    assert round_[:4] == [
        "╭──────────┬────────────┬─────┬────────┬────────┬────────────┬─────────┬──────────┬─────────╮",
        "│ metric   │ slice      │   n │      a │      b │ difference │     low │     high │ verdict │",
        "├──────────┼────────────┼─────┼────────┼────────┼────────────┼─────────┼──────────┼─────────┤",
        "│ log_loss │            │ 341 │ 0.4797 │ 0.3710 │    -0.1087 │ -0.1601 │ -0.06057 │ better  │",
    ]
    assert round_[-1].startswith("╰──────────┴")
    assert wide[0] == "metric    slice         n       a       b  difference      low      high  verdict"
    assert narrow[3] == "log_loss plan=basic 341 0.4797 0.3710    -0.1087 -0.1601 -0.06057 better"
    assert len(narrow) == 1 + len(rows)
    assert [line.split() for line in wide] == [line.split() for line in narrow]


def test_one_that_does_not_is_in_groups_with_reasons_below(printed: Printed) -> None:
    lines = printed(80, COMPARED, COMPARISON)
    assert lines[:3] == [
        "  metric              n      a      b difference     low     high verdict",
        "all records",
        "  log_loss          341 0.4797 0.3710    -0.1087 -0.1601 -0.06057 better",
    ]
    place = lines.index("slice plan=basic")
    assert [line.split()[0] for line in lines[place + 1 : place + 7]] == [*METRICS[:5], "reason:"]
    assert lines[place + 6] == f"    reason: {UNDEFINED}"
    history = printed(80, (*RUN, *FOUND), HISTORY, RUN)
    assert history[1] == "evaluation_id 1, model churn, version 1, finished_at 2026-01-31 12:30:15Z"


def test_empty_tables_have_their_headings_and_odd_names_do_not_break_lines(printed: Printed) -> None:
    assert printed(80, COMPARED[:3], [])[1:2] == ["│ metric │ slice │ bucket │"]
    assert "│ plan=?[2J? │ 1 │" in printed(80, ("slice", "n"), [["plan=\x1b[2J\n", 1]])
