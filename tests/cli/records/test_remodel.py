"""`python -m app records remodel`, in this process, on a real database."""

import json

import pytest

from app.cli import main
from app.cli.records import remodel
from tests.support.orders import order
from tests.support.own_models import OWN
from tests.support.postgres import query


@pytest.fixture(autouse=True)
def _records(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """As they were written before there was a model_for: one of the default model, one of another, and a bad
    one."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    rows = [(name, json.dumps(order(carrier=name))) for name in ("AA", "UA", "no name")]
    values = ", ".join(f"('{record_id}', '{payload}', 'h')" for record_id, payload in rows)
    query(database_url, f"insert into input_objects (id, payload, content_hash) values {values}")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main(["records", "remodel", *arguments])
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors


def test_the_models_of_all_records_are_found_anew(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remodel, "use_case", lambda: OWN)
    unfit = (
        "1 do not fit, and keep what they have:\n  no name: input: evaluation.model_for gives it the model"
    )
    for arguments, said in (
        (["--dry-run"], "Of 3 records, 1 would have another model now.\n"),
        ([], "Of 3 records, 1 have another model now.\n"),
        ([], "Of 3 records, 0 have another model now.\n"),
    ):
        code, out, errors = run(capsys, *arguments)
        assert (code, out) == (0, said)
        assert errors.startswith(unfit)


def test_without_the_function_there_is_nothing_to_find(capsys: pytest.CaptureFixture[str]) -> None:
    said = "Error: evaluation.py has no model_for: records have no models of their own."
    code, out, errors = run(capsys)
    assert (code, out, errors.splitlines()[0]) == (1, "", said)
