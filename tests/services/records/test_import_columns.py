"""A CSV as people have it: its columns go by the file's own names, and a dry run only looks."""

from datetime import datetime

import pytest

from app.core.errors import InvalidInput
from app.db.engine import Sessions
from app.services.records import records
from app.services.records.import_options import ColumnOptions
from tests.support.customers import FILE, FITTING, customer, faults, read, stored


async def test_columns_by_the_files_names(sessions: Sessions) -> None:
    report = await read(sessions, FILE, FITTING)
    assert (report.created, report.labels.created, report.dry_run) == (2, 1, False)
    assert await stored(sessions) == {
        "C1": (customer("pro", 9.5), "left"),
        "C2": (customer("basic", 5), None),
    }
    [first, _] = (await records.page(sessions, limit=2, cursor=None, prefix="")).items
    assert first.label
    assert first.label.observed_at == datetime.fromisoformat("2025-01-01T00:00:00Z")
    again = await read(sessions, FILE, FITTING)
    assert (again.unchanged, again.labels.unchanged) == (2, 1)


async def test_quoted_names_a_bom_and_another_delimiter(sessions: Sessions) -> None:
    text = '\ufeff"Kunde; Nr.";"Plan ""A""";"fee\nin €";"a=b";churn\r\n"C;1";"p\nq";3;7;stayed\r\n'
    options = ColumnOptions("Kunde; Nr.", rename=['Plan "A"=plan', "fee\nin €=monthly_fee", "a=b=Visits"])
    await read(sessions, text, options, delimiter=";")
    assert await stored(sessions) == {"C;1": (customer("p\nq", 3, 7), "stayed")}


@pytest.mark.parametrize("text", ["plan,monthly_fee\npro,1\n", "id,plan,monthly_fee\nid,pro,1\n"])
async def test_a_column_of_ids_may_also_be_a_field(sessions: Sessions, text: str) -> None:
    await read(sessions, text, ColumnOptions("plan", ignore=["id"] if text.startswith("id") else []))
    assert await stored(sessions) == {"pro": (customer("pro", 1), None)}


async def test_a_renamed_column_of_ids_is_both(sessions: Sessions) -> None:
    await read(sessions, "no,monthly_fee\n7,1\n", ColumnOptions("no", rename=["no=plan"]))
    assert await stored(sessions) == {"7": (customer("7", 1), None)}


async def test_what_is_ignored_may_come_twice_or_have_no_name(sessions: Sessions) -> None:
    text = ",id,note,note,plan,monthly_fee,churn\n0,a,x,y,pro,1,no longer\n"
    await read(sessions, text, ColumnOptions(ignore=["", "note", "churn"]))
    assert await stored(sessions) == {"a": (customer("pro", 1), None)}


async def test_the_labels_own_name_may_be_given(sessions: Sessions) -> None:
    text = "id,plan,monthly_fee,churn\na,pro,1,left\n"
    await read(sessions, text, ColumnOptions(label_column="churn"))
    assert await stored(sessions) == {"a": (customer("pro", 1), "left")}


async def test_columns_that_change_places(sessions: Sessions) -> None:
    text = "id,churn,outcome,monthly_fee,plan\na,pro,left,basic,1\n"
    swapped = ["churn=plan", "plan=monthly_fee", "monthly_fee=plan"]
    assert ("line 1", "churn and monthly_fee both are plan") in await faults(
        sessions, text, ColumnOptions(label_column="outcome", rename=swapped)
    )
    await read(sessions, text, ColumnOptions(label_column="outcome", rename=swapped[1:], ignore=["churn"]))
    assert await stored(sessions) == {"a": (customer("basic", 1), "left")}


async def test_faults_of_a_row_name_what_the_file_calls_the_place(sessions: Sessions) -> None:
    text = FILE + ",pro,1,,\nC3,,501,,\nC4,pro,1,gone,\nC5,pro,1,left,yesterday\n"
    assert [field for field, _ in await faults(sessions, text, FITTING)] == [
        *("line 4: customer_no", "line 5: plan", "line 5: fee", "line 6: outcome", "line 7: seen")
    ]


@pytest.mark.parametrize("skip_bad", [False, True])
async def test_a_dry_run_counts_and_writes_nothing(sessions: Sessions, skip_bad: bool) -> None:
    first = await read(sessions, FILE, FITTING, dry_run=True, skip_bad=skip_bad)
    assert (first.read, first.created, first.labels.created, first.dry_run) == (2, 2, 1, True)
    assert await stored(sessions) == {}
    await read(sessions, FILE, FITTING)
    before = (await records.page(sessions, limit=10, cursor=None, prefix="")).items
    changed_file = FILE.replace("left", "stayed").replace("basic,5,", "plus,6,left") + "C3,pro,1,,\n"
    second = await read(sessions, changed_file, FITTING, dry_run=True)
    assert (second.created, second.updated, second.unchanged) == (1, 1, 1)
    assert (second.labels.created, second.labels.updated, second.labels.unchanged) == (1, 1, 0)
    assert (await records.page(sessions, limit=10, cursor=None, prefix="")).items == before


async def test_a_dry_run_finds_the_same_faults(sessions: Sessions) -> None:
    text = FILE + "C3,pro,501,,\n"
    with pytest.raises(InvalidInput, match="1 line does not fit"):
        await read(sessions, text, FITTING, dry_run=True)
    report = await read(sessions, text, FITTING, dry_run=True, skip_bad=True)
    assert (report.created, report.skipped, report.errors[0].field) == (2, 1, "fee")
    assert await stored(sessions) == {}
