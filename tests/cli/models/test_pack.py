"""`python -m app models pack`: what it says, and what it leaves behind."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from app.cli import main
from tests.support.pages import blocks_of, lacking

pytestmark = pytest.mark.usefixtures("forked_trials")

ROOT = Path(__file__).parents[3]
CODE = """
from sagemaker_inference.errors import GenericInferenceToolkitError

def model_fn(model_dir):
    return 2

def predict_fn(rows, model):
    if rows.sum() > 10:
        raise GenericInferenceToolkitError(400, "too much")
    return (rows * model).sum(axis=-1).reshape(-1)
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("double/code", "double/.git"):
        Path(name).mkdir(parents=True)
    Path("double/code/inference.py").write_text(CODE)


def fails(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 1) -> str:
    with pytest.raises(SystemExit) as caught:
        main(["models", "pack", *arguments])
    assert caught.value.code == code
    assert not list(Path().glob("models/*"))
    out, errors = capsys.readouterr()
    assert out == ""
    return errors


def test_it_says_what_it_made_and_what_comes_next(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["models", "pack", "double", "--row", "[1.0, 2.5]"])
    assert caught.value.code == 0
    made, left_out, answer, _, command = capsys.readouterr().out.splitlines()
    size = Path("models/double.tar.gz").stat().st_size
    assert made.startswith(f"models/double.tar.gz: 1 files, {size:,} bytes, MD5 (ETag) ")
    assert left_out == "Left out: .git/"
    assert answer == "Its answer to the row: 7.0"
    options = "--option endpoint_name=ENDPOINT --option target_model=double.tar.gz"
    assert command == f"  python -m app models register MODEL VERSION {options}"


def test_what_comes_next_is_what_was_tried(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(Path.cwd() / "my venv" / "python"))
    with pytest.raises(SystemExit):
        main(["models", "pack", "double", "--row", "[1.0, 2.5]", "--content-type", "application/json"])
    program, _, options = (
        capsys.readouterr().out.splitlines()[-1].partition(" models register MODEL VERSION ")
    )
    assert program == "  'my venv/python' -m app"
    assert options.endswith(" --option content_type=application/json")


def test_the_command_of_the_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "artifacts.md").read_text()
    [command] = re.findall(r"^```sh\npython -m app (models pack .+)$", page, re.MULTILINE)
    Path("examples").symlink_to(ROOT / "examples")
    with pytest.raises(SystemExit) as caught:
        main(shlex.split(command))
    assert caught.value.code == 0
    assert "Its answer to the row: 0." in capsys.readouterr().out
    assert Path("models/churn-1.tar.gz").is_file()


@pytest.mark.parametrize("kind", ["text/csv", "application/json"])
def test_the_code_of_the_documentation(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    page = (ROOT / "docs" / "artifacts.md").read_text()
    code, command = blocks_of(page)
    [(model, folder)] = re.findall(
        r"^With `(.+)` as its `model.json`, in a folder `(.+)`:$", page, re.MULTILINE
    )
    (Path(folder) / "code").mkdir(parents=True)
    Path(folder, "code", "inference.py").write_text(code.text)
    Path(folder, "model.json").write_text(model)
    with pytest.raises(SystemExit) as caught:
        main([*shlex.split(command.text.removeprefix("python -m app ")), "--content-type", kind])
    said = capsys.readouterr().out
    assert (caught.value.code, lacking(command.said, said)) == (0, None)
    assert len(code.text.splitlines()) <= 25


def test_without_a_row_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["models", "pack", "double", "--output", "x.tar.gz"])
    assert "answer" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["text/csv", "application/json"])
def test_a_failure_of_the_code_is_told_with_its_line(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    said = fails(capsys, "double", "--row", "[1, 20]", "--content-type", kind)
    assert said.startswith("Error: The model answered 400 to the row: too much\n")
    assert '  File "code/inference.py", line 9, in predict_fn\n' in said
    assert len(said.splitlines()) <= 10


def test_an_answer_that_cannot_be_used_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    Path("double/.git").rmdir()
    Path("double/code/inference.py").write_text(CODE.replace("reshape(-1)", "repeat(2)"))
    said = fails(capsys, "double", "--row", "[1, 2]")
    assert said.splitlines() == [
        "Error: The answer to the row cannot be used. The model answered 2 rows for 1.",
        r"  It was: '6\n6\n'",
    ]


def test_an_answer_that_says_nothing_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    Path("double/code/inference.py").write_text(f"{CODE}\ndef output_fn(prediction, accept):\n    pass\n")
    with pytest.raises(SystemExit):
        main(["models", "pack", "double", "--row", "[1, 2]"])
    out = capsys.readouterr().out
    assert "Note: The answer to the row says nothing, and is no prediction" in out


def test_a_failure_names_the_hidden_files_that_were_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    Path("double/.words").write_text("a")
    code = CODE.replace("return 2", "return open(model_dir + '/.words').read()")
    Path("double/code/inference.py").write_text(code)
    last = fails(capsys, "double").splitlines()[-1]
    assert last.startswith("  Left out, being hidden or bytecode: .git/, .words. ")


@pytest.mark.parametrize("row", ["1", "[]", "{}", "[[1, 2]]", "[1, {}]"])
def test_a_row_is_a_list_of_features(capsys: pytest.CaptureFixture[str], row: str) -> None:
    assert "--row must be a JSON list of one row's features" in fails(capsys, "double", "--row", row)


@pytest.mark.parametrize("row", ["50,2,gas", "[1,", "[NaN]", ""])
def test_a_row_is_strict_json(capsys: pytest.CaptureFixture[str], row: str) -> None:
    said = fails(capsys, "double", "--row", row)
    assert said.startswith(
        """Error: --row takes JSON, in quotes for the shell, such as '[1, 2.5, "gas", null]'. """
    )


def test_a_faulty_folder_is_refused_with_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(capsys, "double/code") == (
        "Error: This is no model to pack.\n  inference.py: is at the top; move it to code/inference.py\n"
    )
    assert "Invalid value for '--content-type'" in fails(
        capsys, "double", "--content-type", "text/html", code=2
    )
