"""Two runs are compared, or two versions by their newest."""

import asyncio
import csv
import json

import pytest

from app.core.settings import Settings
from app.schemas.models import NewVersion
from app.services.models import versions
from app.services.runtime import open_runtime
from tests.cli.evaluate.running import done, run, table
from tests.support.orders import FEATURES
from tests.support.use_case import TRANSIT

NEXT = NewVersion(version="2", backend="sagemaker", options={"endpoint_name": "transit"}, features=FEATURES)


def test_two_runs_are_compared(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    ids = [str(done(settings)) for _ in range(2)]
    code, out, errors = run(capsys, "compare", *ids)
    shared = "30 records were judged by both, in the evaluations 1 (a) and 2 (b)."
    assert (code, errors) == (0, f"{shared}\n")
    sentence, _, rows = out.partition("\n")
    assert sentence == "evaluation 2 is the same on 5 of 5 metrics."
    assert {(row["verdict"], row["difference"]) for row in table(rows) if row["metric"] == "mae"} == {
        ("same", "0.0")
    }
    code, out, errors = run(capsys, "compare", *ids, "--format", "json")
    assert (code, json.loads(out)["shared"], errors) == (0, 30, f"{sentence}\n{shared}\n")


def test_two_versions_are_compared_by_their_newest_runs(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    async def register() -> None:
        async with open_runtime(settings) as runtime:
            await versions.register(runtime.sessions, TRANSIT, runtime.inference, "transit", NEXT)

    asyncio.run(register())
    for _ in range(2):
        done(settings, version="1")
    done(settings, version="2")
    code, out, errors = run(capsys, "compare", "--version", "1", "2")
    assert (code, out.splitlines()[0]) == (0, "version 2 is the same on 5 of 5 metrics.")
    assert "in the evaluations 2 (a) and 3 (b)." in errors
    code, _, errors = run(capsys, "compare", "--version", "1", "9")
    assert (code, "has no version '9'" in errors) == (1, True)


def test_a_comparison_is_narrowed(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    ids = [str(done(settings, metrics=["mae", "bias"], slices=["carrier"])) for _ in range(2)]
    _, out, _ = run(capsys, "compare", *ids, "--metric", "mae", "--slice", "carrier=UA", "--format", "csv")
    assert [(row["metric"], row["slice"]) for row in csv.DictReader(out.splitlines())] == [
        ("mae", ""),
        ("mae", "carrier=UA"),
    ]
    _, _, errors = run(capsys, "compare", *ids, "--metric", "rmse", "--slice", "origin")
    assert "  --metric: there is no 'rmse'; there is bias, mae\n" in errors
    assert "  --slice: there is no 'origin'; there is carrier, carrier=AA, carrier=UA\n" in errors


@pytest.mark.parametrize("wrong", ["0", str(2**63)])
def test_what_can_be_no_id_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str], wrong: str) -> None:
    code, _, errors = run(capsys, "compare", "1", wrong)
    assert (code, f"{wrong} is no id: they count from 1." in errors) == (2, True)
