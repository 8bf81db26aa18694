"""The project is cloned, not installed, and what a clone installs is locked."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NAME = PROJECT["project"]["name"]
BY_NAME = re.compile(rf"{NAME}\[|install['\" ]+{NAME}")


def test_nobody_is_told_to_install_it_by_name() -> None:
    folders = ("app", "docs", "tests", "deploy", "benchmarks")
    inside = (
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md")
    )
    files = [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("*.yml"), ROOT / "Makefile", *inside]
    assert len(files) > 300
    assert not [str(path) for path in files if BY_NAME.search(path.read_text())]


def test_whoever_installs_it_is_told() -> None:
    build, backend = PROJECT["build-system"], PROJECT["build-system"]["build-backend"]
    assert not build["requires"]
    command = [sys.executable, "-c", f"import {backend}"]
    done = subprocess.run(
        command, cwd=ROOT / build["backend-path"][0], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("This project is cloned, not installed")


def test_every_group_is_locked_with_hashes() -> None:
    groups = set(PROJECT["dependency-groups"])
    files = {path.stem.removeprefix("requirements-"): path for path in ROOT.glob("requirements-*.txt")}
    assert groups == files.keys()
    for path in [*files.values(), ROOT / "requirements.txt"]:
        pins = path.read_text().replace("\\\n", "").splitlines()
        assert all(re.match(r"[a-z0-9.-]+==\S+ .*--hash=sha256:", pin) for pin in pins), path


def test_no_two_files_pin_a_package_differently() -> None:
    pins = [
        line.removesuffix(" \\").partition("==")
        for path in ROOT.glob("requirements*.txt")
        for line in path.read_text().splitlines()
        if "==" in line and not line.startswith(" ")
    ]
    everything = {f"{name}=={rest}".partition(" ;")[0] for name, _, rest in pins}
    versions = (ROOT / "requirements-dev.txt").read_text()
    elsewhere = {pin for pin in everything if f"{pin} " not in versions}
    assert {pin.partition("==")[0] for pin in elsewhere}.isdisjoint(
        re.findall(r"^(\S+)==", versions, re.MULTILINE)
    )
