"""`python -m app schedules`, in this process, on a real database."""

import asyncio
import json

import pytest

from app.cli import main
from app.core.settings import Settings
from app.services.runtime import open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, prepare
from tests.support.settings import database_variables


@pytest.fixture(autouse=True)
def _a_model(aws: AwsStub, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.respond = answer_ten_times
    for name, value in database_variables(settings).items():
        monkeypatch.setenv(name, value)

    async def work() -> None:
        async with open_runtime(settings) as runtime:
            await prepare(runtime.predictor)

    asyncio.run(work())


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main(["schedules", *arguments])
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors


def test_a_schedule_is_set_shown_listed_and_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "list", "--format", "json") == (0, "[]\n", "")
    given = ("set", "transit", "0 6 * * 1", "--window-days", "30", "--time-field", "scheduled_at")
    code, out, _ = run(capsys, *given, "--where", '{"carrier": "UA"}', "--format", "json")
    schedule = json.loads(out)
    assert (code, schedule["cron"], schedule["window_days"]) == (0, "0 6 * * 1", 30)
    assert schedule["where"] == {"carrier": "UA"}
    assert json.loads(run(capsys, "show", "transit", "--format", "json")[1]) == schedule
    assert json.loads(run(capsys, "list", "--format", "json")[1]) == [schedule]
    assert run(capsys, "list")[1].splitlines()[1].startswith("transit\t0 6 * * 1\t30\t\t")
    assert run(capsys, "delete", "transit")[0] == 1
    assert run(capsys, "delete", "transit", "--yes") == (0, "", "The schedule of transit is deleted.\n")
    assert run(capsys, "show", "transit")[2] == "Error: The model 'transit' has no evaluation schedule.\n"


def test_what_is_wrong_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = run(capsys, "set", "transit", "daily")
    assert (code, out) == (1, "")
    assert "cron: must be five cron fields" in errors
    assert "There is no model 'x'" in run(capsys, "set", "x", "0 6 * * 1")[2]
    assert "--metric" in run(capsys, "set", "transit", "0 6 * * 1", "--metric", "no_such")[2]
