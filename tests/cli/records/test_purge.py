"""`python -m app records purge` and `unfit`, in this process, on a real database."""

import io
import json
from collections.abc import Callable

import pytest

from app.cli import main
from app.services.records import purging
from tests.support.orders import order
from tests.support.postgres import query


class Terminal(io.StringIO):
    """Somebody who types this."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _records(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """UA's r0 to r4 of 2013 and r5 to r9 of 2014, half with a truth, a prediction of each; two leftovers."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setattr(purging, "BATCH", 2)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    inputs = [order(float(one), scheduled_at=f"{2013 + one // 5}-01-10T11:00:00Z") for one in range(10)]
    inputs += [{"tenure": 3}, {**order(), "carrier": "AA"}]
    del inputs[-1]["origin"]
    rows = [(f"r{number}", json.dumps(payload)) for number, payload in enumerate(inputs)]
    values = ", ".join(f"('{record_id}', '{payload}', 'h')" for record_id, payload in rows)
    query(database_url, f"insert into input_objects (id, payload, content_hash) values {values}")
    query(
        database_url,
        "insert into labels select id, '1', now() from input_objects where id in ('r1', 'r3', 'r5', 'r10')",
    )
    query(database_url, "insert into models (name) values ('m')")
    query(
        database_url,
        "insert into model_versions (model_id, version, backend, options, features)"
        " select id, '1', 'fake', '{}', '{}' from models",
    )
    query(
        database_url,
        "insert into predictions (model_version_id, revision, pipeline_version, record_id, content_hash,"
        " output, raw_output, latency_ms) select v.id, '', 'p', r.id, 'h', '1', '1', 1"
        " from model_versions v, input_objects r",
    )


Run = Callable[..., tuple[int | str | None, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int | str | None, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(["records", *arguments])
        out, errors = capsys.readouterr()
        return caught.value.code, out, errors

    return run


def left(database_url: str) -> list[object]:
    return [one for (one,) in query(database_url, "select id from input_objects order by length(id), id")]


ALL = [f"r{number}" for number in range(12)]


@pytest.mark.parametrize(
    ("options", "gone", "labels"),
    [
        (["--where", '{"carrier": "AA"}'], ["r11"], 0),
        (["--since", "2014-01-01T00:00:00Z"], ALL[5:10], 1),
        (["--until", "2014-01-01T00:00:00Z", "--where", '{"recent_transit_ratio": 3}'], ["r3"], 1),
        (["--since", "2000-01-01T00:00:00Z", "--time-field", "observed_at"], ["r1", "r3", "r5", "r10"], 4),
        (["--prefix", "r1"], ["r1", "r10", "r11"], 2),
        (["--unfit"], ["r10", "r11"], 1),
        (["--unfit", "--prefix", "r11"], ["r11"], 0),
        (["--prefix", "none"], [], 0),
    ],
)
def test_what_fits_goes_with_its_truths_and_its_predictions_stay(
    run: Run, database_url: str, options: list[str], gone: list[str], labels: int
) -> None:
    counted = f"{len(gone)} records, {labels} of them with a truth.\n"
    assert run("purge", *options, "--dry-run") == (0, f"To be deleted: {counted}", "")
    assert left(database_url) == ALL
    said = "Deleted" if gone else "To be deleted"
    assert run("purge", *options, "--yes") == (0, f"{said}: {counted}", "")
    assert left(database_url) == [one for one in ALL if one not in gone]
    assert query(database_url, "select count(*) from predictions") == [(12,)]
    assert query(database_url, "select count(*) from labels") == [(4 - labels,)]


def test_it_asks_on_a_terminal_and_goes_on_only_with_a_yes(
    run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    code, out, errors = run("purge", "--unfit")
    assert (code, out.strip()) == (1, "")
    assert errors.startswith("Delete 2 records, 1 of them with a truth? [y/N]:")
    assert left(database_url) == ALL
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    code, out, _ = run("purge", "--unfit")
    assert (code, out.strip()) == (0, "Deleted: 2 records, 1 of them with a truth.")
    assert left(database_url) == ALL[:10]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "give at least one of where, since, until, prefix and unfit"),
        (["--where", "{}"], "where: "),
        (["--where", '{"carier": "UA"}'], "there is no 'carier'"),
        (["--prefix", ""], "prefix: "),
        (["--since", "2013-01-01"], "since: "),
        (["--time-field", "observed_at", "--unfit"], "time_field needs since or until"),
        (["--until", "2014-01-01T00:00:00Z", "--time-field", "carrier"], "there is no 'carrier'"),
        (["--unfit"], "This would delete 2 records, 1 of them with a truth: give --yes, or --dry-run."),
    ],
)
def test_what_does_not_fit_deletes_nothing(
    run: Run, database_url: str, options: list[str], said: str
) -> None:
    code, out, errors = run("purge", *options)
    assert (code, out) == (1, "")
    assert said in errors
    assert left(database_url) == ALL


def test_leftovers_are_shown(run: Run) -> None:
    code, out, errors = run("unfit", "--limit", "1")
    assert (code, errors) == (0, "2 records lack a field that InputObject requires.\n")
    lacking = ("carrier", "origin", "destination", "origin_lat", "origin_lon")
    rest = ("destination_lat", "destination_lon", "scheduled_at")
    assert out.splitlines() == ["record_id\tlacking", "r10\t" + ", ".join([*lacking, *rest])]
    assert run("unfit")[1].splitlines()[2] == "r11\torigin"
