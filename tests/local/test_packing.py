"""From a folder to a model.tar.gz: what gets in, what is refused and how, and that it serves."""

import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from app.core.errors import InvalidInput
from app.local.packing import pack
from tests.support.artifacts import DOUBLE

pytestmark = pytest.mark.usefixtures("forked_trials")

CODE = "code/inference.py"
Change = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One that can be packed."""
    return put(tmp_path / "double", {CODE: DOUBLE, "weights/a.bin": "1", "b.txt": "é"})


def put(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))
    return folder


def refusal(folder: Path, output: Path | None = None) -> str:
    """All that is said when it is not packed; nothing may be left of the attempt."""
    target = output or folder.parent / "models" / "x.tar.gz"
    before = target.read_bytes() if target.is_file() else None
    with pytest.raises(InvalidInput) as caught:
        pack(folder, target)
    assert (target.read_bytes() if target.is_file() else None) == before
    assert not [path for path in target.parent.glob("*") if path not in (target, folder)]
    return " ".join([caught.value.detail, *(f"{one.field}: {one.message}" for one in caught.value.errors)])


def test_it_holds_the_files_in_order_and_no_time_owner_or_mode(folder: Path, tmp_path: Path) -> None:
    (folder / "b.txt").chmod(0o700)
    put(folder, {"code.txt": ""})
    packed = pack(folder, tmp_path / "out" / "double-1.tar.gz")
    assert packed.path.read_bytes()[4:8] == bytes(4)  # gzip's time, which two in one second would share
    with tarfile.open(packed.path) as tar:
        members = tar.getmembers()
        assert [member.name for member in members] == ["b.txt", "code.txt", CODE, "weights/a.bin"]
        assert {(one.mtime, one.uid, one.uname, one.mode) for one in members} == {(0, 0, "", 0o644)}
    assert [path.name for path in packed.path.parent.iterdir()] == ["double-1.tar.gz"]
    assert packed.size == packed.path.stat().st_size


def test_the_same_files_give_the_same_bytes_elsewhere_and_later(folder: Path, tmp_path: Path) -> None:
    first = pack(folder, tmp_path / "first.tar.gz")
    os.utime(folder / "b.txt", (1, 1))
    second = pack(folder.rename(tmp_path / "other"), tmp_path / "second.tar.gz")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.md5 == second.md5


def test_it_goes_to_models_by_the_folders_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert "lies in the folder" in refusal(Path(), Path("models/x.tar.gz"))
    monkeypatch.chdir(folder.parent)
    assert pack(Path("double/../double/")).path == Path("models/double.tar.gz")
    assert Path("models/double.tar.gz").is_file()


def test_what_is_hidden_and_bytecode_stay_out_and_are_named(folder: Path, tmp_path: Path) -> None:
    more = (".git/config", ".DS_Store", "code/__pycache__/inference.cpython-311.pyc", "code/.env", "old.pyc")
    put(folder, dict.fromkeys(more, "x"))
    packed = pack(folder, tmp_path / "x.tar.gz")
    assert packed.names == ("b.txt", CODE, "weights/a.bin")
    assert packed.left_out == (".DS_Store", ".git/", "code/.env", "code/__pycache__/", "old.pyc")


def test_a_link_to_a_file_within_is_packed_as_the_file(folder: Path, tmp_path: Path) -> None:
    (folder / "link.txt").symlink_to("b.txt")
    with tarfile.open(pack(folder, tmp_path / "x.tar.gz").path) as tar:
        assert tar.getmember("link.txt").isreg()
        stored = tar.extractfile("link.txt")
        assert stored is not None
        assert stored.read().decode() == "é"


def link(name: str, target: str) -> Change:
    return lambda folder: (folder / name).symlink_to(target)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (link("out", "/etc/hostname"), "out: is a link that leads out of the folder"),
        (link("code/out.py", "../../elsewhere"), "code/out.py: is a link that leads out of the folder"),
        (link("up", ".."), "up: is a link that leads out of the folder"),
        (link("nowhere", "gone"), "nowhere: is a link that leads nowhere"),
        (link("self", "self"), "self: is a link that leads nowhere"),
        (link("more", "weights"), "more: is a link to a folder"),
        (link("all", "."), "all: is a link to a folder"),
        (lambda folder: os.mkfifo(folder / "pipe"), "pipe: is no file"),
        (lambda folder: put(folder, {"a\nb": ""}), "'a\\nb': rename it"),
        (lambda folder: put(folder, {"a\\b": ""}), "'a\\\\b': rename it"),
        (lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).touch(), "'\\udcff': rename it"),
    ],
)
def test_what_cannot_be_packed_is_named(folder: Path, change: Change, said: str) -> None:
    put(folder.parent, {"elsewhere": ""})
    change(folder)
    with pytest.raises(InvalidInput) as caught:
        pack(folder, folder.parent / "models" / "x.tar.gz")
    assert said in " ".join(f"{one.field}: {one.message}" for one in caught.value.errors)
    assert not (folder.parent / "models").exists()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"": ""}, "is a file; give the folder"),
        ({".hidden": ""}, "holds no files; expected code/inference.py"),
        (
            {"m/code/inference.py": DOUBLE, "m/w": ""},
            "m: the model's files must be at the top of the archive",
        ),
        ({"a/m/code/inference.py": DOUBLE, "README": ""}, "a/m: the model's files must be at the top"),
        ({"m/inference.py": DOUBLE, "m/w": ""}, "m: the model's files must be at the top"),
        ({"inference.py": DOUBLE, "w": ""}, "inference.py: is at the top; move it to code/inference.py"),
        ({"code": DOUBLE}, "code: is a file; it must be a folder"),
        ({"code/handler.py": DOUBLE}, "code/inference.py: is missing"),
        ({"xgboost-model": ""}, "code/inference.py: is missing"),
    ],
)
def test_a_wrong_layout_says_what_would_be_right(tmp_path: Path, files: dict[str, str], said: str) -> None:
    folder = tmp_path / "folder"
    if files == {"": ""}:
        folder.touch()
    assert said in refusal(put(folder, {} if files == {"": ""} else files))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "does not exist; give the folder" in refusal(tmp_path / "gone")


MODEL = "def model_fn(model_dir): return 1\n"
PREDICT = "def predict_fn(data, model): return [1]\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def f(:", "line 1 cannot be read by Python: invalid syntax"),
        ("\0", "cannot be read by Python"),
        ("# coding: no-such", "cannot be read by Python: unknown encoding"),
        ("", "defines no model_fn(model_dir)"),
        (MODEL, "defines neither predict_fn(data, model) nor transform_fn"),
        (f"{MODEL}class Handler:\n    {PREDICT}", "defines neither predict_fn"),
        (f"{MODEL}async {PREDICT}", "predict_fn in line 2 must be a plain def, not async"),
        (
            f"def model_fn(): pass\n{PREDICT}",
            "model_fn in line 1 takes 0 arguments; it must take (model_dir)",
        ),
        (
            f"{MODEL}def predict_fn(data): pass",
            "predict_fn in line 2 takes 1 arguments; it must take (data, ",
        ),
        (f"{MODEL}{PREDICT}def output_fn(a, b, c, d): pass", "output_fn in line 3 takes 4 arguments"),
        (f"{MODEL}{PREDICT}def transform_fn(a, b, c, d): pass", "transform_fn cannot be used together"),
        (f"import no_such_package\n{MODEL}{PREDICT}", "does not load: No module named 'no_such_package'"),
        (f"from sys import *\n{PREDICT}", "does not load: Please provide a model_fn"),
        (f"{MODEL}{PREDICT}raise SystemExit('stop')", "does not load: stop"),
        (
            f"def model_fn(model_dir): return open(model_dir + '/w')\n{PREDICT}",
            "No such file or directory: 'w'",
        ),
    ],
)
def test_code_that_cannot_serve_is_refused(tmp_path: Path, code: str, said: str) -> None:
    assert said in refusal(put(tmp_path / "folder", {CODE: code}))


@pytest.mark.parametrize(
    "code",
    [
        "from handlers import model_fn, predict_fn",
        "from handlers import *",
        f"if True:\n    {MODEL}predict_fn = lambda data, model: [1]",
        f"{MODEL}def transform_fn(model, body, content_type, accept, context): return '1'",
        "def model_fn(model_dir, context): return 1\ndef predict_fn(*both): return [1]"
        "\npredict_fn = lambda data, model: [1]",
    ],
)
def test_handlers_may_come_from_anywhere(tmp_path: Path, code: str) -> None:
    folder = put(tmp_path / "folder", {CODE: code, "code/handlers.py": MODEL + PREDICT})
    assert pack(folder, tmp_path / "x.tar.gz", [1, "a", None, 0.5]).answer == 1


def test_what_is_there_under_the_name_is_never_replaced(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "x.tar.gz"
    assert pack(folder, target).md5 == pack(folder, target).md5
    put(folder, {"b.txt": "another"})
    assert "is there already and holds something else" in refusal(folder, target)


@pytest.mark.parametrize("name", ["x.tgz", "x", ".tar.gz", "x.tar"])
def test_the_name_ends_as_sagemaker_wants(folder: Path, name: str) -> None:
    assert "must end in .tar.gz" in refusal(folder, folder.parent / "out" / name)


def test_a_place_that_cannot_be_written_to_is_named(folder: Path) -> None:
    put(folder.parent, {"file": ""})
    with pytest.raises(InvalidInput, match=r"/file.*: Not a directory|/file.*: File exists"):
        pack(folder, folder.parent / "file" / "x.tar.gz")


def test_requirements_are_noted(folder: Path, tmp_path: Path) -> None:
    put(folder, {"requirements.txt": "", "code/requirements.txt": ""})
    notes = pack(folder, tmp_path / "x.tar.gz").notes
    assert [note.partition(":")[0] for note in notes] == [
        "The local endpoint does not install code/requirements.txt",
        "requirements.txt is at the top, where no container looks",
    ]
