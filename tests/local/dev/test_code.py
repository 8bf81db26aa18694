import os
import threading
from pathlib import Path

import pytest

from app.local.dev import code
from app.local.dev.code import Code

SERVED = ("app/a.py", "examples/b.py", "mine/deep/er/c.py", "helper/h.py", "bare/in/h.py", "alone.py")
OTHERS = ("tests/d.py", "app/data.csv", "migrations/e.py", ".hidden/f.py", "venv/g.py", "data/a/b/c/h.py")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*SERVED, *OTHERS, "venv/pyvenv.cfg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(code, "TREE", tmp_path)
    monkeypatch.setattr(code, "POLL", 0.01)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [*SERVED, "app/new.py", "new/h.py", ".env"])
def test_a_save_of_what_the_service_runs_on_is_seen(tree: Path, name: str) -> None:
    watched = Code("mine.deep.er")
    assert not watched.is_saved()
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_text("22")
    assert watched.is_saved()
    watched.wait_for_save()
    assert not watched.is_saved()
    (tree / name).unlink()
    assert watched.is_saved()


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_nobodys_business(tree: Path, name: str) -> None:
    watched = Code(None)
    (tree / name).write_text("22")
    assert not watched.is_saved()


def test_the_same_size_at_another_time_is_a_save(tree: Path) -> None:
    watched = Code(None)
    os.utime(tree / "app/a.py", (1, 1))
    assert watched.is_saved()


def test_it_waits_for_a_save_and_passes_over_links_that_lead_nowhere(tree: Path) -> None:
    (tree / "app/lock.py").symlink_to("nowhere")
    watched = Code(None)
    threading.Timer(0.05, (tree / "app/a.py").write_text, ("22",)).start()
    watched.wait_for_save()
    assert (tree / "app/a.py").read_text() == "22"
