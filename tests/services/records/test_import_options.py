"""What is said where the options, or the columns that a file has, do not fit."""

import pytest

from app.core.errors import InvalidInput
from app.db.engine import Sessions
from app.services.records.import_options import ColumnOptions
from tests.support.customers import FILE, FITTING, faults, read, stored


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


async def test_ndjson_has_no_columns(sessions: Sessions) -> None:
    with pytest.raises(InvalidInput, match="no columns") as caught:
        await read(sessions, "", FITTING, file_format="ndjson")
    assert [fault.field for fault in caught.value.errors] == ["id_column", "label_column", "rename"]
    line = '{"id": "a", "input": {"plan": "pro", "monthly_fee": 1}, "label": "left"}'
    report = await read(sessions, line, ColumnOptions(), file_format="ndjson", dry_run=True)
    assert (report.created, report.labels.created) == (1, 1)
    assert await stored(sessions) == {}
