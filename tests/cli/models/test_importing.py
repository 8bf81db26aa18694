"""`python -m app models import`, in this process: a real database, an S3 server, and a local endpoint."""

import json

import pytest

from app.cli import main
from tests.support.many_models import Put

pytestmark = pytest.mark.usefixtures("endpoint")
OPTIONS = ["--options", '{"endpoint_name": "many"}', "--features", "recent_transit_ratio"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main(["models", "import", *arguments])
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors


def test_the_summary_says_what_was_done_and_what_was_left_out(
    capsys: pytest.CaptureFixture[str], put: Put, bucket: str
) -> None:
    put("team a/a/1.tar.gz", "team a/b/1.tar.gz", *(f"team a/{number}.txt" for number in range(7)))
    command = [f"s3://{bucket}/team a/", "--pattern", "{model}/{version}.tar.gz", *OPTIONS, "--promote"]
    left_out = (
        "7: does not fit the pattern\n" + "".join(f"  {number}.txt\n" for number in range(5)) + "  ...\n"
    )
    summary = "Of 9 objects: {} versions registered, {} unchanged, of 2 models.\nPromoted: {} models.\n"
    dry = "A dry run: nothing was written. Without --dry-run it would be:\n"
    assert run(capsys, *command, "--dry-run") == (0, dry + summary.format(2, 0, 2) + left_out, "")
    assert run(capsys, *command) == (0, summary.format(2, 0, 2) + left_out, "")
    code, out, _ = run(capsys, *command, "--json")
    assert code == 0
    said = json.loads(out)
    assert (said["unchanged"], said["promoted"], said["left_out"][0]["objects"]) == (2, 0, 7)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pattern", "{version}.tar.gz", *OPTIONS], "pattern: must have {model} once"),
        (["--pattern", "{version}", "--model", "a b", *OPTIONS], "model: must have 1 to 64 letters"),
        (["--pattern", "{version}", "--model", "a", "--options", "[]"], "--options takes a JSON object"),
        (
            ["--pattern", "{version}", "--model", "a", *OPTIONS[:2], "--features", "x"],
            "features[0]: 'x' is not",
        ),
        (["--pattern", "{version}", "--model", "a", *OPTIONS], "There is nothing to register below s3://"),
    ],
)
def test_what_is_wrong_is_said(
    capsys: pytest.CaptureFixture[str], bucket: str, arguments: list[str], said: str
) -> None:
    code, out, errors = run(capsys, f"s3://{bucket}/team a", *arguments)
    assert (code, out) == (1, "")
    assert said in errors
