"""`python -m app records ground-truth`, on a real database, and its lines as Model Monitor reads them."""

import json

import pytest

from app.cli import main
from tests.support.postgres import query

ROWS = (
    # record, inference id, position, when it was computed
    ("a", "one", 0, "2026-01-02"),
    ("b", "two", 1, "2026-01-02"),
    ("c", "two", 0, "2026-01-02"),
    ("d", "partly", 0, "2026-01-02"),
    ("a", "partly", 1, "2026-01-02"),
    ("b", "gap", 1, "2026-01-02"),
    ("a", None, None, "2026-01-02"),
    ("a", "early", 0, "2026-01-01"),
)


@pytest.fixture(autouse=True)
def _predictions(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Of the model m; all records but d have a label."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    for statement in (
        "insert into input_objects (id, payload, content_hash)"
        " select id, '{}', 'h' from unnest(array['a', 'b', 'c', 'd']) as id",
        "insert into labels values ('a', '1.50', now()), ('c', 'true', now())",
        """insert into labels values ('b', '"x, \\"y\\""', now())""",
        "insert into models (name) values ('m')",
        "insert into model_versions (model_id, version, backend, options, features)"
        " select id, '1', 'sagemaker', '{}', '{}' from models",
    ):
        query(database_url, statement)
    for record_id, inference_id, position, moment in ROWS:
        of_call = "null, null" if inference_id is None else f"'{inference_id}', {position}"
        query(
            database_url,
            "insert into predictions (model_version_id, revision, pipeline_version, record_id, content_hash,"
            " output, raw_output, latency_ms, computed_at, superseded_at, inference_id, inference_position)"
            f" select id, '', 'p', '{record_id}', 'h', '1', '1', 1, '{moment}T10:00:00Z', now(), {of_call}"
            " from model_versions",
        )


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["records", "ground-truth", *arguments])
    told = capsys.readouterr()
    return caught.value.code, told.out, told.err


def test_a_line_for_each_call_whose_rows_all_have_a_label(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = run(capsys, "--model", "m", "--since", "2026-01-02T00:00:00Z")
    assert code == 0, errors
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line.pop("eventVersion") for line in lines] == ["0", "0"]
    assert [line["eventMetadata"] for line in lines] == [{"eventId": "one"}, {"eventId": "two"}]
    assert [line["groundTruthData"] for line in lines] == [
        {"data": "1.50", "encoding": "CSV"},
        {"data": 'true\n"x, ""y"""', "encoding": "CSV"},
    ]
    assert "2 calls; 2 left out" in errors


def test_a_window_ends(capsys: pytest.CaptureFixture[str]) -> None:
    window = ("--since", "2026-01-01T00:00:00Z", "--until", "2026-01-02T00:00:00Z")
    code, out, _ = run(capsys, "--model", "m", *window)
    assert (code, len(out.splitlines())) == (0, 1)
    assert json.loads(out)["eventMetadata"] == {"eventId": "early"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--model", "none", "--since", "2026-01-01T00:00:00Z"), "There is no model 'none'"),
        (("--model", "m", "--since", "yesterday"), "since"),
        (
            ("--model", "m", "--since", "2026-01-02T00:00:00Z", "--until", "2026-01-01T00:00:00Z"),
            "window is empty",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    code, out, errors = run(capsys, *arguments)
    assert (code, out) != (0, "")
    assert told in errors
