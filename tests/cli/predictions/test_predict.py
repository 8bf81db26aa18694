"""`python -m app predict` and `predictions`, in this process, on a real database."""

import asyncio
import csv
import json

import pytest

from app.cli import main
from app.core.settings import Settings
from app.db.server import codes
from app.services.runtime import Runtime, open_runtime
from tests.support.aws_stub import Answer, AwsStub
from tests.support.orders import invocations

pytestmark = pytest.mark.usefixtures("orders")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors


def test_records_are_predicted_at_once(capsys: pytest.CaptureFixture[str], aws: AwsStub) -> None:
    code, out, errors = run(capsys, "predict", "r2", "r1", "--format", "json")
    assert (code, errors) == (0, "")
    assert [(one["record_id"], one["prediction"], one["cached"]) for one in json.loads(out)] == [
        ("r2", 20.0, False),
        ("r1", 10.0, False),
    ]
    _, out, _ = run(capsys, "predict", "r1", "--model", "transit", "--version", "1", "--format", "csv")
    assert [(row["prediction"], row["cached"]) for row in csv.DictReader(out.splitlines())] == [
        ("10.0", "true")
    ]
    assert len(invocations(aws)) == 1
    assert run(capsys, "predict", "r1", "--refresh")[0] == 0
    assert len(invocations(aws)) == 2


def test_some_that_cannot_be_predicted_do_not_spoil_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = run(capsys, "predict", "none", "r1", "--format", "json")
    assert (code, [one["record_id"] for one in json.loads(out)]) == (3, ["r1"])
    assert errors.splitlines() == [
        "Error: 1 of 2 records could not be predicted.",
        "  none: There is no record 'none'.",
    ]


def test_the_exit_code_says_why_nothing_could_be(capsys: pytest.CaptureFixture[str], aws: AwsStub) -> None:
    assert run(capsys, "predict", "none")[:2] == (1, "")
    assert run(capsys, "predict", "r1", "--model", "none") == (1, "", "Error: There is no model 'none'.\n")
    aws.respond = lambda _: Answer(503)
    code, out, errors = run(capsys, "predict", "none", "r1")
    assert (code, out) == (4, "")
    assert "Error: 2 of 2 records could not be predicted." in errors


def test_what_was_predicted_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "predict", "r1", "r2")
    _, out, _ = run(capsys, "predictions", "list", "--record", "r2", "--format", "json")
    [logged] = json.loads(out)
    assert (logged["record_id"], logged["prediction"]) == ("r2", 20.0)
    code, out, _ = run(capsys, "predictions", "show", str(logged["id"]), "--format", "json")
    assert (code, json.loads(out)) == (0, logged)
    assert run(capsys, "predictions", "show", "999")[0] == 1
    code, _, errors = run(capsys, "predictions", "list", "--computed-since", "today")
    assert (code, "--computed-since: " in errors) == (1, True)
    assert run(capsys, "operations", "show", "9") == (1, "", "Error: There is no operation 9.\n")


def test_an_id_that_cannot_be_one_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("0", str(2**63), "x"):
        code, _, errors = run(capsys, "predictions", "show", wrong)
        assert (code, "ID" in errors) == (2, True)


async def _is_told(runtime: Runtime) -> bool:
    async with runtime.sessions() as session:
        return await codes.is_another(session, "nobody's")


@pytest.mark.parametrize(("theirs", "said"), [("another", True), ("ours", False), (None, False)])
def test_it_is_said_where_the_service_runs_other_code(
    capsys: pytest.CaptureFixture[str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    theirs: str | None,
    said: bool,
) -> None:
    """Only what lives and lasts counts: another command's code is nobody's."""
    monkeypatch.setenv("PIPELINE_VERSION", "ours")

    async def predict_beside() -> str:
        service = settings.model_copy(update={"pipeline_version": theirs or "of a command"})
        async with open_runtime(service, sheds=theirs is not None) as runtime:
            while theirs is not None and not await _is_told(runtime):  # noqa: ASYNC110 - another connection tells
                await asyncio.sleep(0.01)
            return await asyncio.to_thread(lambda: run(capsys, "predict", "r1")[2])

    errors = asyncio.run(predict_beside())
    assert ("run other code than this shell (pipeline version ours)" in errors) == said
