"""Copies of the project, with the four files of another use case."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.local import four_files
from app.services.use_case import FOUR_FILES
from tests.support.demo import ROOT

MADE = (".venv", ".s3")
LEFT_OUT = shutil.ignore_patterns(
    *MADE, ".git", ".local", ".platforms", "__pycache__", ".*_cache", ".hypothesis"
)


def copy_of_the_project(folder: Path) -> Path:
    """The tree without what is made from it; installed tools are linked, nothing is installed anew."""
    tree = folder / "project"
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
    for made in MADE:
        if (ROOT / made).exists():
            (tree / made).symlink_to((ROOT / made).resolve())
    return tree


def replace_the_four_files(tree: Path, files: str | Mapping[str, str]) -> None:
    """By those of an example, or by texts under their paths."""
    for module in FOUR_FILES:
        (tree / four_files.place(module)).unlink()
    if isinstance(files, str):
        run(tree, [sys.executable, "-m", "app", "init", "--example", files])
        return
    for name, text in files.items():
        (tree / name).write_text(text.lstrip())


def run(tree: Path, command: Sequence[str], **variables: str) -> str:
    """A command in the copy that has to end well; gives what it said on standard output."""
    environment = {name: value for name, value in os.environ.items() if name != "USE_CASE"} | variables
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return done.stdout
