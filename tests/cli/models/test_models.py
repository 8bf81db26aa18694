"""`python -m app models`, in this process, on a real database and a scripted endpoint."""

import asyncio
import json
import re

import pytest
import structlog
from structlog.typing import EventDict

from app.cli import main
from app.core.settings import Settings
from app.services.runtime import open_runtime
from tests.support.aws_stub import AwsStub, model_error
from tests.support.orders import FEATURES, answer_ten_times, prepare
from tests.support.settings import database_variables

OPTIONS = ["--options", json.dumps({"endpoint_name": "transit"}), "--features", ",".join(FEATURES)]


@pytest.fixture(autouse=True)
def _live(aws: AwsStub, settings: Settings, monkeypatch: pytest.MonkeyPatch, logs: list[EventDict]) -> None:
    """Version 1 is live, and there is a record."""
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


def test_a_version_is_registered_promoted_and_rolled_back(capsys: pytest.CaptureFixture[str]) -> None:
    said = (0, "Registered:   transit 2: sagemaker\n", "")
    assert run(capsys, "register", "transit", "2", *OPTIONS) == said
    code, out, errors = run(capsys, "promote", "transit", "2")
    assert (code, out, errors) == (0, "  transit 1: sagemaker\n* transit 2: sagemaker\n", "")
    now_1 = "* transit 1: sagemaker\n  transit 2: sagemaker\n"
    assert run(capsys, "rollback", "transit")[1] == "Rolled back transit from 2 to 1:\n" + now_1
    _, listed, _ = run(capsys, "list")
    assert [line.split("\t")[:4] for line in listed.splitlines()] == [
        ["live", "model", "version", "backend"],
        ["*", "transit", "1", "sagemaker"],
        ["", "transit", "2", "sagemaker"],
    ]
    _, gone, _ = run(capsys, "history", "transit", "--format", "json")
    assert [(one["version"], one["began"], one["ended"]) for one in json.loads(gone)] == [
        ("1", "rolled back to", None),
        ("2", "promoted", "rolled back"),
        ("1", "promoted", "replaced"),
    ]
    assert len(run(capsys, "history", "transit", "--limit", "1")[1].splitlines()) == 2


def test_a_version_whose_row_fails_is_not_live_unless_it_is_not_probed(
    capsys: pytest.CaptureFixture[str], aws: AwsStub
) -> None:
    aws.respond = lambda _: model_error(400)
    failed = "Version '2' of 'transit' did not become live: its probe failed. "
    code, out, errors = run(capsys, "register", "transit", "2", *OPTIONS, "--promote")
    assert (code, out) == (1, "")
    assert errors.startswith(f"Error: It is registered. {failed}")
    code, out, errors = run(capsys, "promote", "transit", "2")
    assert (code, out) == (1, "")
    assert errors.startswith(f"Error: {failed}")
    code, out, _ = run(capsys, "register", "transit", "2", *OPTIONS, "--promote", "--no-probe")
    assert (code, out) == (0, "Already registered: * transit 2: sagemaker\n")
    assert run(capsys, "promote", "transit", "1", "--no-probe")[0] == 0


def test_an_error_is_said_and_not_logged_besides(capsys: pytest.CaptureFixture[str], aws: AwsStub) -> None:
    structlog.reset_defaults()  # as in a process of its own
    aws.respond = lambda _: model_error(400)
    for command in (["register", "transit", "2", *OPTIONS, "--promote"], ["promote", "transit", "2"]):
        code, out, errors = run(capsys, *command)
        assert (code, out) == (1, "")
        assert re.fullmatch(r"Error: [^\n]*its probe failed\. [^\n]+\n", errors)


def test_a_version_is_deleted_unless_it_has_a_history(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "register", "transit", "2", *OPTIONS)
    code, out, errors = run(capsys, "delete", "transit", "2")
    assert (code, out) == (1, "")
    assert errors == "Error: This would delete version 2 of transit with its predictions: give --yes.\n"
    assert run(capsys, "delete", "transit", "2", "--yes") == (0, "Deleted: transit 2\n", "")
    code, out, errors = run(capsys, "delete", "transit", "1", "--yes")
    assert (code, out) == (1, "")
    assert errors == ("Error: Version '1' of 'transit' cannot be deleted: it is live. The history is kept.\n")
    assert (
        run(capsys, "delete", "transit", "2", "--yes")[2]
        == "Error: The model 'transit' has no version '2'.\n"
    )


def test_options_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [
        "endpoint_name=transit",
        "batch_rows=7",
        "transform.model_name=m",
        "transform.instance_type=ml.m5.large",
    ]
    given = [part for pair in pairs for part in ("--option", pair)]
    code, out, _ = run(
        capsys, "register", "transit", "2", *given, "--features", *FEATURES, "--format", "json"
    )
    options = json.loads(out)["options"]
    assert (code, options["batch_rows"], options["endpoint_name"]) == (0, 7, "transit")
    assert options["transform"] == {"model_name": "m", "instance_type": "ml.m5.large"}
    code, out, errors = run(capsys, "register", "transit", "3", "--option", "endpoint_nam=transit")
    assert (code, out) == (1, "")
    assert "options.endpoint_nam: there is no such option; endpoint_name may be meant; there is " in errors


def test_a_model_and_one_of_its_versions(capsys: pytest.CaptureFixture[str]) -> None:
    _, model, _ = run(capsys, "show", "transit", "--format", "json")
    assert (json.loads(model)["live_version"], len(json.loads(model)["versions"])) == ("1", 1)
    _, version, _ = run(capsys, "show", "transit", "1", "--format", "json")
    assert json.loads(version) == json.loads(model)["versions"][0]
    _, fields, _ = run(capsys, "show", "transit", "1")
    assert 'options\t{"endpoint_name":"transit"}' in fields.splitlines()
    assert run(capsys, "show", "transit", "9")[2] == "Error: The model 'transit' has no version '9'.\n"
