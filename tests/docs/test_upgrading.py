"""docs/upgrading.md, followed in a clone whose four files are another use case's."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.local import four_files
from app.services.use_case import FOUR_FILES
from tests.docs.pages import fences
from tests.support.demo import ROOT

ONCE, MERGE, READ = (fence.text for fence in fences("docs/upgrading.md") if fence.language == "bash")
PLACES = [four_files.place(module) for module in FOUR_FILES]
SOMEBODY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "somebody"), ("EMAIL", "somebody@example.org"))
}


def bash(script: str, tree: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """With nobody's settings."""
    settings = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tree,
        env=settings | SOMEBODY | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def done(script: str, tree: Path, **variables: str) -> str:
    ran = bash(script, tree, **variables)
    assert ran.returncode == 0, f"{script}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def take_the_four_files(tree: Path, example: str) -> None:
    for module, place in zip(FOUR_FILES, PLACES, strict=True):
        shutil.copy(tree / "examples" / example / f"{module}.py", tree / place)


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("upstream")
    for folder in ("app", "docs", "examples"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    take_the_four_files(tree, "transit")
    done("git init -q -b main; git add .; git commit -qm begun", tree)
    return tree


@pytest.fixture
def clone(upstream: Path, tmp_path: Path) -> Iterator[Path]:
    """With four files of its own; then the project goes on, and changes those that stood there."""
    tree = tmp_path / "clone"
    done(f"git clone -q {upstream} {tree}", tmp_path)
    take_the_four_files(tree, "churn")
    done("mkdir mine; echo RATES = {} > mine/rates.py; git add .; git commit -qm mine", tree)
    begun = done("git rev-parse HEAD", upstream)
    for place in [*PLACES, Path("app/main.py"), Path("examples/blank/preprocess.py")]:
        later = [f"# A later version. {line}" for line in (upstream / place).read_text().splitlines()]
        (upstream / place).write_text("\n".join([*later, ""]))
    done("git commit -qam later", upstream)
    yield tree
    done(f"git reset -q --hard {begun}", upstream)


def test_the_four_files_stay_and_all_else_goes_on(clone: Path, upstream: Path) -> None:
    ours = [(clone / place).read_text() for place in PLACES]
    done(ONCE, clone, UPSTREAM=str(upstream))
    done(MERGE, clone)
    assert [(clone / place).read_text() for place in PLACES] == ours
    assert "# A later version." in (clone / "app/main.py").read_text()
    assert done("git status --porcelain", clone) == ""
    said = done(READ, clone)
    assert "later" in said
    assert "+# A later version." in said


def test_without_it_the_four_files_conflict(clone: Path, upstream: Path) -> None:
    merged = bash(MERGE.replace("upstream", "origin"), clone)
    assert merged.returncode == 1
    assert all(f"Merge conflict in {place}" in merged.stdout for place in PLACES)
