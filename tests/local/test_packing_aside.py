"""Code that ends, crashes or hangs the process it runs in is told as any failure, and leaves nothing."""

import os
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from app.core.errors import InvalidInput
from app.local.packing import aside, pack
from tests.support.artifacts import DOUBLE as INDENTED

DOUBLE = dedent(INDENTED)
CRASH = "import ctypes; ctypes.string_at(0)"
ENDINGS = [
    ("import os; os._exit(0)", "The model's code ended the process that ran it (exit code 0)."),
    ("import os; os._exit(3)", "The model's code ended the process that ran it (exit code 3)."),
    (CRASH, "The model's code crashed the process that ran it (SIGSEGV)."),
    ("raise BaseException('no')", "The model does not load: no\n"),
    ("raise KeyboardInterrupt", "The model does not load: KeyboardInterrupt\n"),
    ("raise ValueError", "The model does not load: ValueError\n"),
    ("import signal, os; os.kill(os.getpid(), signal.SIGTERM)", "(SIGTERM)."),
]


def folder_of(tmp_path: Path, code: str) -> Path:
    (tmp_path / "model/code").mkdir(parents=True)
    (tmp_path / "model/code/inference.py").write_text(code)
    return tmp_path / "model"


def refusal(folder: Path) -> str:
    target = folder.parent / "models/x.tar.gz"
    with pytest.raises(InvalidInput) as caught:
        pack(folder, target, [1.0])
    assert list(target.parent.iterdir()) == []
    assert str(folder.parent) not in caught.value.detail
    return caught.value.detail


@pytest.mark.usefixtures("forked_trials")
@pytest.mark.parametrize(("code", "said"), ENDINGS)
def test_at_its_import(tmp_path: Path, code: str, said: str) -> None:
    assert said in refusal(folder_of(tmp_path, f"{DOUBLE}\n{code}\n"))


@pytest.mark.parametrize("code", ["import os; os._exit(0)", "raise BaseException"])
def test_at_the_row(tmp_path: Path, code: str) -> None:
    handlers = f"def model_fn(model_dir): return 1\ndef predict_fn(data, model):\n    {code}\n"
    assert "(exit code 0)" in (said := refusal(folder_of(tmp_path, handlers))) or "answered 500" in said


def test_what_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = tmp_path / "pid"

    def over_once_it_hangs(ends: Sequence[Connection | int], _: float) -> object:
        """The time is over as soon as there is something to end."""
        while not (pid_file.exists() and pid_file.read_text()):
            time.sleep(0.01)
        return wait(ends, 0)

    monkeypatch.setattr(aside, "wait", over_once_it_hangs)
    started = f"open({str(pid_file)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))"
    folder = folder_of(tmp_path, f"{DOUBLE}\nimport subprocess, time\n{started}\ntime.sleep(600)\n")
    assert refusal(folder) == "The model was not loaded, or did not answer the row, within 120 seconds."
    child = int(pid_file.read_text())
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.05)


def test_the_code_is_not_run_in_this_process(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, f"{DOUBLE}\nimport os\nos.environ['PACKED_HERE'] = '1'\n")
    pack(folder, tmp_path / "x.tar.gz")
    assert "PACKED_HERE" not in os.environ
