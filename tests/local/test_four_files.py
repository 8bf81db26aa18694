"""``python -m app init``: the four files of an example at their places, and what was edited left alone."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.errors import Conflict, InvalidInput, Misconfigured
from app.local import four_files
from app.services.use_case import FOUR_FILES
from tests.support.demo import ROOT

PLACES = [four_files.place(module) for module in FOUR_FILES]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The project without the four files."""
    for part in ("app", "examples"):
        shutil.copytree(ROOT / part, tmp_path / part)
    for place in PLACES:
        (tmp_path / place).unlink()
    return tmp_path


def test_one_example_follows_another_until_a_file_is_edited(tree: Path) -> None:
    examples = four_files.names()
    assert {"blank", "churn", "transit"} <= {*examples}
    for example in examples:
        assert all(file.is_new for file in four_files.write(example, tree))
        assert not any(file.is_new for file in four_files.write(example, tree))
    edited = tree / "app/services/postprocess.py"
    edited.write_text(edited.read_text() + "\n# mine\n")
    before = {place: (tree / place).read_text() for place in PLACES}
    with pytest.raises(Conflict) as caught:
        four_files.write("blank", tree)
    assert [fault.field for fault in caught.value.errors] == ["app/services/postprocess.py"]
    assert {place: (tree / place).read_text() for place in PLACES} == before


def test_an_edited_file_stays_where_others_are_missing(tree: Path) -> None:
    (tree / PLACES[0]).write_text("x = 1\n")
    with pytest.raises(Conflict):
        four_files.write("blank", tree)
    assert not (tree / PLACES[1]).exists()


def test_a_file_that_is_no_utf_8_was_edited(tree: Path) -> None:
    (tree / PLACES[2]).write_bytes(b"# caf\xe9\n")
    with pytest.raises(Conflict) as caught:
        four_files.write("blank", tree)
    assert [fault.field for fault in caught.value.errors] == [str(PLACES[2])]


def test_a_folder_among_the_four_is_left_alone(tree: Path) -> None:
    (tree / PLACES[2]).mkdir()
    with pytest.raises(Conflict):
        four_files.write("blank", tree)
    assert not (tree / PLACES[0]).exists()


def test_all_are_written_or_none(tree: Path) -> None:
    four_files.write("transit", tree)
    before = {place: (tree / place).read_text() for place in PLACES}
    in_the_way = (tree / PLACES[3]).with_suffix(".half")  # root may write to any folder
    in_the_way.mkdir()
    with pytest.raises(
        Misconfigured, match=r"Nothing was written: .*evaluation\.half: Is a directory"
    ) as caught:
        four_files.write("blank", tree)
    assert "\n" not in caught.value.detail
    assert {place: (tree / place).read_text() for place in PLACES} == before
    assert list(tree.rglob("*.half")) == [in_the_way]


def test_what_is_no_whole_example_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(four_files.EXAMPLES, tmp_path / "examples")
    (tmp_path / "examples/mine").mkdir()
    (tmp_path / "examples/mine/input_object.py").write_text("x = 1\n")
    shutil.copytree(tmp_path / "examples/blank", tmp_path / "examples/latin")
    (tmp_path / "examples/latin/evaluation.py").write_bytes(b"# caf\xe9\n")
    monkeypatch.setattr(four_files, "EXAMPLES", tmp_path / "examples")
    assert four_files.names() == ["blank", "churn", "latin", "transit"]
    for place in PLACES:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    for example in ("latin", "blank"):
        assert all(file.is_new for file in four_files.write(example, tmp_path)[3:])


@pytest.mark.parametrize("example", ["none", "../transit", ""])
def test_an_unknown_example_is_named(tree: Path, example: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        four_files.write(example, tree)
    assert "there is blank, churn, transit" in caught.value.errors[0].message


@pytest.mark.parametrize("example", ["blank", "churn", "transit"])
def test_what_is_written_passes_the_linter_and_is_marked(tree: Path, example: str) -> None:
    four_files.write(example, tree)
    shutil.copy(ROOT / "pyproject.toml", tree)
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", *map(str, PLACES)],
            cwd=tree,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
    for place in PLACES:
        text = (tree / place).read_text()
        assert text.startswith('"""YOURS TO EDIT: ')
        assert "examples." not in text


def test_blank_files_say_what_is_to_be_done(tree: Path) -> None:
    (tree / ".env").write_text("USE_CASE=examples.churn\n")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "PATH": ""}
        return subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    done = run("init")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("Wrote ")] == [
        f"Wrote {place}" for place in PLACES
    ]
    assert done.stderr == "USE_CASE is set: the service runs on examples.churn, not on these.\n"
    (tree / ".env").unlink()
    started = run("serve")
    assert started.returncode == 1
    assert started.stderr.splitlines() == [
        "Error: The use case cannot be used.",
        "  app.schemas.input_object.InputObject: has no fields: name what is known of an input",
        "  app.services.preprocess.FEATURES: is empty: name the columns of a row, in order; without any,"
        " preprocess is -> list[Payload]",
    ]
