"""``make dev`` as its user meets it: a use case of their own, saves, mistakes, and the end of it."""

import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from app.cli.program.program import program
from app.core.errors import Misconfigured
from app.local.dev import run
from tests.support.demo import LONGEST_STOP, Demo, demo_folder, running_demo, start, wait_until_gone
from tests.support.scaffold import MODEL_CODE, copy_tree

POSTPROCESS = "app/services/postprocess.py"
get, post = (partial(httpx.request, method, timeout=60) for method in ("GET", "POST"))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with demo_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def tree(folder: Path) -> Path:
    """A copy of the service with four files of its own, and a .env that names the default model."""
    tree = copy_tree(folder.parent / "tree")
    (tree / ".env").write_text("DEFAULT_MODEL=sorter\nMAX_BATCH=7\n")
    return tree


def environment(folder: Path, changes: Mapping[str, str]) -> dict[str, str]:
    """Nothing of ours: a home folder without any AWS file."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "LANG": "C.UTF-8", **changes}


def command(folder: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "app", "dev", "--port", "0"),
        *("--models", str(folder.parent / "models"), "--data-dir", str(folder)),
    ]


@contextmanager
def running_dev(tree: Path, folder: Path) -> Iterator[Demo]:
    with running_demo(folder, command(folder), tree, environment(folder, {})) as dev:
        yield dev


def wait_until_said(process: subprocess.Popen[str], text: str) -> str:
    """What it said up to the line with this text."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"{text!r} was not said: {said}")


def all_commands_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The service, the worker, which starts after it, and what holds them."""
    found: list[psutil.Process] = []
    while len(found) < 4:
        assert process.poll() is None
        found = [child for child in psutil.Process(process.pid).children(recursive=True) if is_command(child)]
        time.sleep(0.05)
    return found


def is_command(process: psutil.Process) -> bool:
    try:
        return bool({"dev-service", "worker"} & set(process.cmdline()))
    except psutil.NoSuchProcess:
        return False


def follow(dev: Demo, tree: Path) -> str:
    """Do what it invites to, with names filled in; the last command's output."""
    shown = re.findall(r"^  (.+)$", dev.output, re.MULTILINE)
    assert [words.split()[0] for words in shown][:2] == ["cd", "set"]
    script = "\n".join(["set -eu", *shown])
    script = script.replace("FOLDER", "sorter").replace("FILE", "messages.csv").replace("/ID", "/m%2F1")
    (tree / "sorter/code").mkdir(parents=True)
    (tree / "sorter/code/inference.py").write_text(MODEL_CODE)
    (tree / "messages.csv").write_text('id,text,urgent,price,kind\nm/1,"Win, now",true,0,spam\n')
    # The example's rows hold a list, which CSV cannot: JSON is an option of the version.
    script = script.replace('"target_model"', '"content_type": "application/json", "target_model"')
    done = subprocess.run(
        ["sh", "-c", script], cwd="/", env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_users_files_are_served_and_saves_are_seen(tree: Path, folder: Path) -> None:
    with running_dev(tree, folder) as dev:
        assert " models register sorter 1 " in dev.output  # which .env names
        assert '"prediction":{"kind":"spam"}' in follow(dev, tree)
        assert post(f"{dev.url}/predict", json={"record_ids": ["a"] * 8}).status_code == 422  # MAX_BATCH
        before = all_commands_of(dev.process)
        _break_and_mend(dev, tree)
        assert not [process for process in before if process.is_running()]
        after = all_commands_of(dev.process)
        assert dev.interrupt().endswith("Stopped.\n")
        assert psutil.wait_procs(after, timeout=LONGEST_STOP)[1] == []


def _break_and_mend(dev: Demo, tree: Path) -> None:
    """A broken file is told; a call that comes meanwhile waits for its repair."""
    good = (tree / POSTPROCESS).read_text()
    (tree / POSTPROCESS).write_text(good + "\ndef (:\n")
    wait_until_said(dev.process, "The service did not start")
    log = (dev.folder.parent / "demo.log").read_text()
    assert "Error: app.services.postprocess cannot be imported: SyntaxError" in log
    assert "Fatal" not in log
    answers: list[httpx.Response] = []
    call = threading.Thread(target=lambda: answers.append(post(f"{dev.url}/predict/m%2F1")))
    call.start()
    (tree / POSTPROCESS).write_text(good.replace('"kind"', '"sort"'))
    wait_until_said(dev.process, "Ready again after")
    call.join(LONGEST_STOP)
    assert [answer.json()["prediction"] for answer in answers] == [{"sort": "spam"}]
    with (tree / ".env").open("a") as settings:
        settings.write("PORT=8001\n")  # which the service cannot take any more
    wait_until_said(dev.process, "PORT in .env changed: ")
    wait_until_said(dev.process, "Ready again after")


def test_a_model_that_cannot_be_warmed_is_told_and_a_kill_leaves_nothing(tree: Path, folder: Path) -> None:
    (folder.parent / "models" / "model-1.tar.gz").unlink()
    with running_dev(tree, folder) as dev:
        assert re.search(r"^Not warmed up: version 1 of sorter: .", dev.output, re.MULTILINE)
        assert get(f"{dev.url}/records/m%2F1").status_code == 200
        left = all_commands_of(dev.process)
        dev.process.kill()
        wait_until_gone(folder)
        assert psutil.wait_procs(left, timeout=LONGEST_STOP)[1] == []


def test_a_database_of_ones_own_and_a_use_case_that_is_mended(tree: Path, database_url: str) -> None:
    good = (tree / "app/services/preprocess.py").read_text()
    (tree / "app/services/preprocess.py").write_text(good.replace("FEATURES", "FEATURE"))
    with demo_folder() as folder:
        with (folder.parent / "log").open("w") as log:
            given = environment(folder, {"DATABASE_URL": database_url})
            process = start(command(folder), cwd=tree, stderr=log.fileno(), environment=given)
        said = wait_until_said(process, "The service did not start")
        assert (
            "Error: The use case cannot be used.\n  app.services.preprocess.FEATURES: Field required\n"
            in (folder.parent / "log").read_text()
        )
        (tree / "app/services/preprocess.py").write_text(good)
        said += wait_until_said(process, "Ctrl-C")
        assert "Ready in" in said
        assert "Start Postgres" not in said
        assert not (folder / "postgres").exists()
        assert f"DATABASE_URL={shlex.quote(database_url)}" in (folder / "dev.env").read_text()
        process.terminate()
        assert process.communicate(timeout=LONGEST_STOP)[0].endswith("Stopped.\n")
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--endpoint", "my=own"], "--endpoint: 'my=own' must be 1 to 63 letters"),
        (["--models", "s3://bucket/models"], "--models must be a folder on this machine"),
        (["--models", "/dev/null/models"], "The folder of models /dev/null/models cannot be made: Not a"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str], complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "end_in_order_on_signals", lambda: None)
    with pytest.raises(Misconfigured, match=re.escape(complaint)):
        program(["dev", "--port", "0", "--data-dir", "data", *options], standalone_mode=False)
