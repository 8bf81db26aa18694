"""A CSV as people have it: which column holds what, and what is said where the options do not fit."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal

import pytest
from pydantic import BaseModel, Field, JsonValue

from app.core.errors import InvalidInput
from app.db.engine import Sessions
from app.schemas.records.imports import FileFormat, ImportReport
from app.services.records import importer, records
from app.services.records.import_options import ColumnOptions
from tests.support.use_case import changed


class Customer(BaseModel):
    plan: str
    monthly_fee: float = Field(le=500)
    visits: int = Field(default=0, alias="Visits")


CHURN = changed(InputObject=Customer, LABEL="churn", Label=Literal["left", "stayed"])
FILE = "customer_no,plan,fee,outcome,seen\nC1,pro,9.5,left,2025-01-01T00:00:00Z\nC2,basic,5,,\n"
FITTING = ColumnOptions("customer_no", "outcome", ["fee=monthly_fee", "seen=observed_at"])


async def read(
    sessions: Sessions,
    text: str | bytes,
    options: ColumnOptions,
    *,
    file_format: FileFormat = "csv",
    delimiter: str = ",",
    skip_bad: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    async def chunks() -> AsyncIterator[bytes]:
        yield text if isinstance(text, bytes) else text.encode()

    return await importer.import_records(
        sessions,
        CHURN,
        chunks(),
        file_format=file_format,
        delimiter=delimiter,
        columns=options,
        skip_bad=skip_bad,
        dry_run=dry_run,
    )


async def stored(sessions: Sessions) -> dict[str, tuple[JsonValue, JsonValue]]:
    page = await records.page(sessions, limit=1000, cursor=None, prefix="")
    return {one.id: (one.input, one.label.value if one.label else None) for one in page.items}


async def faults(sessions: Sessions, text: str, options: ColumnOptions) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        await read(sessions, text, options)
    assert await stored(sessions) == {}
    return [(fault.field, fault.message) for fault in caught.value.errors]


def customer(plan: str, fee: float, visits: int = 0) -> JsonValue:
    return {"plan": plan, "monthly_fee": fee, "Visits": visits}


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


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        (ColumnOptions("customer"), "id_column", "the file has no column 'customer'; is it 'customer_no'?"),
        (ColumnOptions("zzz"), "id_column", "the file has no column 'zzz'"),
        (ColumnOptions("customer_no", "churn"), "label_column", "the file has no column 'churn'"),
        (
            ColumnOptions("customer_no", "customer_no"),
            "label_column",
            "'customer_no' is the column of the ids",
        ),
        (
            ColumnOptions("customer_no", "plan"),
            "label_column",
            "'plan' is a field of the input, and that must not hold the truth",
        ),
        (
            ColumnOptions(label_column="outcome", rename=["outcome=plan"]),
            "label_column",
            "'outcome' is renamed, too: leave one of the two out",
        ),
        (ColumnOptions(rename=["fees=monthly_fee"]), "rename", "the file has no column 'fees'; is it 'fee'?"),
        (
            ColumnOptions(rename=["fee=price"]),
            "rename",
            "the input has no field 'price'; there is plan, monthly_fee, Visits, observed_at",
        ),
        (
            ColumnOptions(rename=["fee=visits"]),  # by its alias, as everywhere
            "rename",
            "the input has no field 'visits'; there is plan, monthly_fee, Visits, observed_at",
        ),
        (
            ColumnOptions(rename=["customer_no=id"]),
            "rename",
            "'id' is no field of the input: give id_column=customer_no",
        ),
        (
            ColumnOptions(rename=["outcome=churn"], flags=True),
            "--rename",
            "'churn' is no field of the input: give --label-column outcome",
        ),
        (ColumnOptions(rename=["fee=monthly_fee", "fee=Visits"]), "rename", "'fee' is renamed twice"),
        *(
            (
                ColumnOptions(rename=[one]),
                "rename",
                f"{one!r} must be FROM=TO, a column of the file and a field of the input",
            )
            for one in ("fee", "", "fee=", "=")
        ),
        (ColumnOptions(ignore=["notes"]), "ignore", "the file has no column 'notes'"),
        *(
            (options, "ignore", "'fee' is named by another option, too: leave one of the two out")
            for options in (
                ColumnOptions("fee", ignore=["fee"]),
                ColumnOptions(label_column="fee", ignore=["fee"]),
                ColumnOptions(rename=["fee=plan"], ignore=["fee"]),
            )
        ),
    ],
)
async def test_options_that_do_not_fit(
    sessions: Sessions, options: ColumnOptions, field: str, message: str
) -> None:
    assert await faults(sessions, FILE, options) == [(field, message)]


async def test_no_more_than_a_hundred_faults_of_options_or_columns(sessions: Sessions) -> None:
    names = [f"c{number}" for number in range(5000)]
    assert len(await faults(sessions, FILE, ColumnOptions(ignore=[*names, "x" * 5000]))) == 100
    found = await faults(sessions, ",".join(["id", "plan", *names]), ColumnOptions(ignore=names[:20]))
    assert found[0] == ("line 1", "monthly_fee is missing")
    assert (len(found), found[99]) == (100, ("line 1", "'c118' is unknown"))


async def test_a_label_column_of_another_meaning(sessions: Sessions) -> None:
    text = "churn,observed_at,plan,monthly_fee\na,,pro,1\n"
    assert await faults(sessions, text, ColumnOptions("churn")) == [
        ("id_column", "'churn' is the column of the labels")
    ]
    found = await faults(sessions, text, ColumnOptions("churn", "observed_at"))
    assert found == [("label_column", "'observed_at' is when a truth was observed")]


@pytest.mark.parametrize(
    ("header", "options", "found"),
    [
        (
            "customer_no,fee,plan,outcome",
            ColumnOptions(flags=True),
            [
                "id is missing; if another column holds the ids: --id-column COLUMN",
                "monthly_fee is missing; is it --rename fee=monthly_fee?",
                *("'customer_no' is unknown", "'fee' is unknown", "'outcome' is unknown"),
            ],
        ),
        (
            "id,Monthly Fee,plan",
            ColumnOptions(flags=True),
            [
                "monthly_fee is missing; is it --rename 'Monthly Fee=monthly_fee'?",
                "'Monthly Fee' is unknown",
            ],
        ),
        (
            "Monthly Fee,plan,id",
            ColumnOptions(),
            [
                "monthly_fee is missing; is it rename=Monthly Fee=monthly_fee?",
                "'Monthly Fee' is unknown",
            ],
        ),
        (
            ",id,plan,monthly_fee",
            ColumnOptions(flags=True),
            ["column 1 has no name; to leave it out: --ignore ''"],
        ),
        ("no,no,plan,monthly_fee", ColumnOptions("no"), ["no comes twice"]),
        ("plan,plan,monthly_fee", ColumnOptions("plan"), ["plan comes twice"]),
        ("id,y,y,plan,monthly_fee", ColumnOptions(label_column="y"), ["y comes twice"]),
        (
            "id,fee,monthly_fee,plan",
            ColumnOptions(rename=["fee=monthly_fee"]),
            ["fee and monthly_fee both are monthly_fee"],
        ),
        (
            "id,plan,fee,price",
            ColumnOptions(rename=["fee=monthly_fee", "price=monthly_fee"]),
            ["fee and price both are monthly_fee"],
        ),
        (
            "id,monthly_fee",
            ColumnOptions(rename=["id=plan"]),
            ["id is missing; if another column holds the ids: id_column=COLUMN"],
        ),
        ("id,no,plan,monthly_fee", ColumnOptions("no"), ["'id' is unknown"]),
        ("id,plan,monthly_fee,churn,y", ColumnOptions(label_column="y"), ["'churn' is unknown"]),
    ],
)
async def test_headers_that_do_not_fit(
    sessions: Sessions, header: str, options: ColumnOptions, found: list[str]
) -> None:
    assert await faults(sessions, header + "\n", options) == [("line 1", one) for one in found]


@pytest.mark.parametrize(("delimiter", "said"), [(";", "';'"), ("\t", "a tab"), ("|", "'|'")])
async def test_another_delimiter_is_suggested(sessions: Sessions, delimiter: str, said: str) -> None:
    for options in (ColumnOptions(), FITTING):
        with pytest.raises(InvalidInput, match="one column") as caught:
            await read(sessions, FILE.replace(",", delimiter), options)
        assert f"is {said} between the cells (delimiter)?" in caught.value.detail


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


async def test_ndjson_has_no_columns(sessions: Sessions) -> None:
    with pytest.raises(InvalidInput, match="no columns") as caught:
        await read(sessions, "", FITTING, file_format="ndjson")
    assert [fault.field for fault in caught.value.errors] == ["id_column", "label_column", "rename"]
    line = '{"id": "a", "input": {"plan": "pro", "monthly_fee": 1}, "label": "left"}'
    report = await read(sessions, line, ColumnOptions(), file_format="ndjson", dry_run=True)
    assert (report.created, report.labels.created) == (1, 1)
    assert await stored(sessions) == {}
