"""`python -m app models price` and `prices`, in this process, on a real database."""

import asyncio
import json

import pytest

from app.cli import main
from app.core.settings import Settings
from app.services.runtime import open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, prepare
from tests.support.settings import database_variables

NEW_YEAR = "2026-01-01T00:00:00Z"
HOURLY = ("--per", "hour", "--amount", "0.23", "--currency", "USD")


@pytest.fixture(autouse=True)
def _model(aws: AwsStub, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
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
        main(["models", *arguments])
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors


def test_prices_are_added_ended_and_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "price", "transit", *HOURLY, "--from", NEW_YEAR, "--format", "json")
    added = json.loads(out)
    assert (code, added["amount"], added["valid_from"]) == (0, "0.23", NEW_YEAR)
    assert run(capsys, "price", "transit", "--end", "--version", "1")[0] == 0
    code, out, _ = run(capsys, "prices", "transit", "--format", "csv")
    heading, ended, first = out.splitlines()
    assert (code, heading) == (0, "model,version,per,amount,currency,valid_from")
    assert ended.startswith("transit,1,,,,")
    assert first == f"transit,,hour,0.23,USD,{NEW_YEAR}"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "Give --amount with --per and --currency, or --end."),
        ((*HOURLY, "--end"), "Give --amount"),
        ((*HOURLY, "--from", "2026-01-01T00:30:00Z"), "valid_from: must be a full hour"),
        (("--amount", "1"), "`per` and `currency`"),
        ((*HOURLY, "--version", "9"), "no version '9'"),
    ],
)
def test_what_is_no_price(capsys: pytest.CaptureFixture[str], given: tuple[str, ...], said: str) -> None:
    code, out, errors = run(capsys, "price", "transit", *given)
    assert (code, out) == (1, "")
    assert said in errors
