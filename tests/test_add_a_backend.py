"""docs/add-a-backend.md, followed to the letter in a copy of the project."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.demo import ROOT

PAGE = (ROOT / "docs" / "add-a-backend.md").read_text()
BLOCKS = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))
WITHOUT_A_KEY = dict(re.findall(r"```diff\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))
BACKEND, REGISTRY, ADAPTER = (
    "app/backends/acme.py",
    "app/backends/registry.py",
    "tests/backends/platforms/acme.py",
)


def changed(text: str, diff: str) -> str:
    """The text with each part of the diff, which a blank line ends, put in place."""
    for part in diff.strip().split("\n\n"):
        lines = [(line[0], f"{line[1:]}\n") for line in part.split("\n")]
        before, after = ("".join(line for sign, line in lines if sign == which) for which in "-+")
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


VARIANTS = {
    "as it is": BLOCKS,
    "without a key": BLOCKS | {file: changed(BLOCKS[file], diff) for file, diff in WITHOUT_A_KEY.items()},
}


@pytest.fixture(params=VARIANTS)
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The project with the page's files and its line."""
    blocks: Mapping[str, str] = VARIANTS[request.param]
    for folder in ("app", "tests", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file in (BACKEND, ADAPTER):
        (tmp_path / file).write_text(blocks[file])
    registry = (tmp_path / REGISTRY).read_text()
    assert "BACKENDS = {\n" in registry
    (tmp_path / REGISTRY).write_text(registry.replace("BACKENDS = {\n", f"BACKENDS = {{\n{blocks[REGISTRY]}"))
    return tmp_path


def test_the_page_is_all_it_takes(copy: Path) -> None:
    suite = sorted(map(str, copy.glob("tests/backends/test_conformance*.py")))
    options = ["-k", "acme", "-q", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *suite, *options],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:]
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed
    assert int(passed[1]) > 25


def test_the_variant_without_a_key_has_none() -> None:
    keyless = VARIANTS["without a key"]
    assert {*WITHOUT_A_KEY} == {BACKEND, ADAPTER}
    assert "ACME_KEY" in BLOCKS[BACKEND]
    assert "ACME_KEY" not in keyless[BACKEND] + keyless[ADAPTER]


def test_the_example_is_within_the_limit_of_a_backend() -> None:
    assert len(BLOCKS[BACKEND].splitlines()) <= 150
