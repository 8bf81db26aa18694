"""Runs are asked for and watched."""

import asyncio
import signal

import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.schemas.evaluations.runs import Evaluation
from app.services.evaluations import runs
from app.services.runtime import open_runtime
from tests.cli.evaluate.running import done, run, table, worker
from tests.support import aws_stub
from tests.support.aws_stub import AwsStub


def test_a_run_is_watched_until_its_metrics_are_there(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    with worker(settings):
        code, out, errors = run(
            capsys, "run", "--since", "2013-02-01T00:00:00Z", "--until", "2013-03-01T00:00:00+05:30",
            "--bucket", "month", "--metric", "mae", "--slice", "carrier", "--where", '{"carrier": "UA"}',
        )  # fmt: skip
    assert code == 0
    assert [(row["slice"], row["bucket"], row["value"], row["n"]) for row in table(out)] == [
        ("", "", "2.0", "17"),
        ("", "2013-02", "2.0", "17"),
        ("carrier=UA", "", "2.0", "17"),
    ]
    lines = errors.splitlines()
    assert lines[0].startswith("Evaluation 1 ")
    assert lines[-1] == ("Evaluation 1 is done: transit, version 1; 17 of 17 records have a truth, 0 failed.")
    assert run(capsys, "show", "1")[:2] == (0, out)


def test_what_is_left_out_is_said_and_much_that_fails_is_an_exit_code(
    capsys: pytest.CaptureFixture[str], settings: Settings, aws: AwsStub
) -> None:
    async def spoil() -> None:
        async with open_runtime(settings) as runtime, runtime.sessions.begin() as session:
            for record, how in {"r01": "- 'origin'", "r02": """|| '{"scheduled_at": null}'"""}.items():
                change = f"update input_objects set payload = payload {how} where id = '{record}'"
                await session.execute(text(change))

    asyncio.run(spoil())
    aws.respond = lambda request: aws_stub.csv(
        "\n".join("nan" if float(row) in (3, 5, 6, 7, 9) else row for row in request.body.decode().split())
    )
    code, out, errors = run(capsys, "show", str(done(settings, bucket="month")))
    left_out = "1 left out without a time, 1 left out for lack of required fields"
    assert (code, bool(table(out))) == (3, True)
    assert [line.partition("; ")[2] for line in errors.splitlines()[-2:]] == [
        f"28 of 39 records have a truth, 5 failed, {left_out}.",
        "most often: The model's answer cannot be used (5).",
    ]
    assert errors.splitlines()[-1].startswith("Warning: 5 of 28 records (18%) failed")


def test_a_terminal_gets_a_bar_and_a_table(
    capsys: pytest.CaptureFixture[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    with worker(settings):
        code, out, errors = run(capsys, "run", "--metric", "mae", "--slice", "origin")
    assert code == 0
    assert "━" in errors
    assert "30/30" in errors
    assert "1.667" in out
    assert "\t" not in out


def test_a_run_is_only_queued(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    code, out, errors = run(capsys, "run", "--detach")
    assert (code, out, errors) == (0, "1\n", "")


def test_a_failed_run_says_why(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    async def spoil() -> None:
        async with open_runtime(settings) as runtime, runtime.database.transactions.begin() as session:
            await session.execute(text("""update labels set value = '"late"'"""))

    asyncio.run(spoil())
    code, out, errors = run(capsys, "show", str(done(settings)))
    assert (code, table(out)) == (3, [])
    *_, said, warning = errors.splitlines()
    assert "The stored label does not fit the present Label. transit_minutes: " in said
    assert warning == "Warning: 30 of 30 records (100%) failed; most often: Invalid input (30)."


@pytest.mark.usefixtures("at_a_terminal")
def test_control_c_leaves_the_run_to_the_worker(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    get = runs.get

    async def interrupted(*arguments: object) -> Evaluation:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        return await get(*arguments)  # type: ignore[arg-type]

    run(capsys, "run", "--detach")
    monkeypatch.setattr(runs, "get", interrupted)
    code, _, errors = run(capsys, "show", "1")
    assert code == 130
    assert errors.splitlines()[-1] == (
        "Evaluation 1 goes on without you. To see more of it: python -m app evaluate show 1"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--metric", "accu"], "--metric: there is no 'accu'; there is bias, mae"),
        (
            ["run", "--where", "{"],
            """Error: --where takes JSON, in quotes for the shell, such as '{"plan": "basic"}'. """,
        ),
        (["run", "--where", "[]"], "where: "),
        (["run", "--since", "2013-01-01"], "since: "),
        (["run", "--version", "7"], "has no version '7'; there is 1."),
        (["run", "--time-field", "carrier"], "--time-field: there is no 'carrier'; there is observed_at"),
        (["run", "--slice", "carier"], "--slice: there is no 'carier'; there is carrier, origin"),
        (["show", "9"], "There is no evaluation 9."),
        (["history", "--metric", "accu"], "metric: there is no 'accu'"),
        (["history", "--finished-since", "yesterday"], "--finished-since: "),
        (["compare", "1", "2"], "There is no evaluation 1."),
        (["compare", "1"], "--version 1 2, or the ids of two runs"),
        (["compare", "1", "2", "--version", "1", "2"], "--version 1 2, or the ids of two runs"),
        (["cancel", "9"], "There is no evaluation 9."),
        (["run", "--kind", "drift"], "needs a reference"),
    ],
)
def test_what_does_not_fit(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    code, out, errors = run(capsys, *arguments)
    assert (code, out) == (1, "")
    assert said in errors
