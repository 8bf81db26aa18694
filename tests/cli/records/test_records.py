"""`python -m app records`, in this process, on a real database."""

import json
from pathlib import Path

import pytest

from app.cli import main
from tests.support.orders import order


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["records", *arguments])
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors


def ndjson(**changes: float) -> str:
    return json.dumps({"id": "a/b", "input": order(**changes), "label": 1}) + "\n"


def test_a_file_is_imported_and_a_record_read(capsys: pytest.CaptureFixture[str]) -> None:
    Path("orders.ndjson").write_text(ndjson())
    code, out, errors = run(capsys, "import", "orders.ndjson")
    assert (code, errors) == (0, "")
    assert out.splitlines() == [
        "1 lines read.",
        "Records: 1 created, 0 updated, 0 unchanged.",
        "Labels: 1 created, 0 updated, 0 unchanged.",
    ]
    code, out, errors = run(capsys, "get", "a/b")
    assert (code, errors) == (0, "")
    record = json.loads(out)
    assert (record["id"], record["input"], record["label"]["value"]) == ("a/b", order(), 1.0)


def test_a_csv_with_its_delimiter(capsys: pytest.CaptureFixture[str]) -> None:
    header, row = ";".join(["id", *order()]), ";".join(["a", *map(str, order().values())])
    Path("orders.txt").write_text(f"{header}\n{row}\n")
    code, out, _ = run(capsys, "import", "orders.txt", "--format", "csv", "--delimiter", ";")
    assert (code, out.splitlines()[1]) == (0, "Records: 1 created, 0 updated, 0 unchanged.")


def orders_csv(*ids: str) -> str:
    names = {"carrier": "airline", "origin": "origin=iata"}
    header = ",".join(["order_no", *(names.get(name, name) for name in order()), "took", "notes"])
    rows = [",".join([key, *map(str, order().values()), "95", "late"]) for key in ids]
    return "\n".join([header, *rows, ""])


def test_a_csv_with_columns_of_other_names(capsys: pytest.CaptureFixture[str]) -> None:
    Path("orders.csv").write_text(orders_csv("a", "b"))
    columns = ["--id-column", "order_no", "--label-column", "took", "--rename", "airline=carrier"]
    columns += ["--rename", "origin=iata=origin", "--ignore", "notes"]
    code, out, errors = run(capsys, "import", "orders.csv", *columns, "--dry-run")
    assert (code, errors) == (0, "")
    assert out.splitlines() == [
        "2 lines read.",
        "A dry run: nothing was written. Without --dry-run it would be:",
        "Records: 2 created, 0 updated, 0 unchanged.",
        "Labels: 2 created, 0 updated, 0 unchanged.",
    ]
    assert run(capsys, "get", "a")[0] == 1
    assert run(capsys, "import", "orders.csv", *columns)[0] == 0
    record = json.loads(run(capsys, "get", "a")[1])
    assert (record["input"], record["label"]["value"]) == (order(), 95.0)


def test_columns_that_do_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    Path("orders.csv").write_text(orders_csv("a"))
    code, out, errors = run(capsys, "import", "orders.csv", "--rename", "airline=carrier", "--dry-run")
    assert (code, out) == (1, "")
    first, *faults = errors.splitlines()
    assert first.endswith("there are --id-column, --label-column, --rename, --ignore.")
    assert faults == [
        "  line 1: id is missing; if another column holds the ids: --id-column COLUMN",
        "  line 1: origin is missing; is it --rename origin=iata=origin?",
        *(f"  line 1: {name!r} is unknown" for name in ("order_no", "origin=iata", "took", "notes")),
    ]
    code, out, errors = run(capsys, "import", "orders.csv", "--id-column", "order", "--ignore", "note")
    assert errors.splitlines()[1:] == [
        "  --id-column: the file has no column 'order'; is it 'order_no'?",
        "  --ignore: the file has no column 'note'; is it 'notes'?",
    ]
    Path("orders.ndjson").write_text(ndjson())
    assert "--id-column: " in run(capsys, "import", "orders.ndjson", "--id-column", "order_no")[2]


def test_bad_lines(capsys: pytest.CaptureFixture[str]) -> None:
    Path("orders.jsonl").write_text(ndjson() + "{\n" + ndjson(origin_lat=91))
    code, out, errors = run(capsys, "import", "orders.jsonl")
    assert (code, out) == (1, "")
    assert errors.splitlines()[0] == "Error: 2 lines do not fit. Nothing was imported."
    assert [line.split(": ")[0].strip() for line in errors.splitlines()[1:]] == ["line 2", "line 3"]
    assert run(capsys, "get", "a/b")[0] == 1
    code, out, errors = run(capsys, "import", "--skip-bad", "orders.jsonl")
    assert (code, errors) == (0, "")
    assert "Records: 1 created" in out
    assert "line 3: origin_lat: " in out


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("piped").write_text(ndjson())
    for arguments, code in ((["-"], 1), (["-", "--format", "ndjson"], 0)):
        with Path("piped").open() as piped:
            monkeypatch.setattr("sys.stdin", piped)
            assert run(capsys, "import", *arguments)[0] == code
    assert run(capsys, "get", "a/b")[0] == 0


def test_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "get", "none") == (1, "", "Error: There is no record 'none'.\n")
    assert "record_id" in run(capsys, "get", ".")[2]
    code, _, errors = run(capsys, "import", "none.csv")
    assert (code, "No such file" in errors) == (2, True)
    Path("orders").touch()
    assert "--format" in run(capsys, "import", "orders")[2]
