"""`python -m app overview`, in this process, on a real database."""

import asyncio
import csv
import io
import json

import pytest

from app.cli import main
from app.core.settings import Settings
from app.services.predictions.predictor import Ask
from app.services.runtime import open_runtime
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, prepare
from tests.support.settings import database_variables


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str]:
    with pytest.raises(SystemExit) as caught:
        main(["overview", *arguments])
    out, errors = capsys.readouterr()
    assert errors == ""
    return caught.value.code, out


def test_what_there_is_to_tell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, aws: AwsStub, settings: Settings
) -> None:
    aws.respond = answer_ten_times
    for name, value in database_variables(settings).items():
        monkeypatch.setenv(name, value)

    async def work() -> None:
        async with open_runtime(settings) as runtime:
            await prepare(runtime.predictor)
            await runtime.predictor.predict("a", Ask("transit"))

    asyncio.run(work())
    capsys.readouterr()
    code, out = run(capsys, "--window", "1h", "--format", "json")
    assert (code, json.loads(out)["inferences"]["rows"]) == (0, 1)
    code, out = run(capsys)
    assert code == 0
    assert "inferences\t1 rows in 1 calls" in out.splitlines()
    assert "live\ttransit 1" in out.splitlines()
    steps = list(csv.DictReader(io.StringIO(run(capsys, "--format", "csv")[1])))
    assert len(steps) == 24
    assert [*steps[0]] == ["at", "hit", "miss", "coalesced", "stale", "error"]
