"""A checkout with CRLF turned on, Git for Windows' default, still runs in Docker and with make."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUN_AS_THEY_ARE = ("deploy/postgres/create-role.sh", "Makefile", "Dockerfile", "docker-compose.yml")


def git(folder: Path, *arguments: str) -> None:
    as_anybody = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.autocrlf=true")
    subprocess.run(["git", *as_anybody, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_no_line_ends_with_crlf(tmp_path: Path) -> None:
    origin, checkout = tmp_path / "origin", tmp_path / "checkout"
    for name in (".gitattributes", *RUN_AS_THEY_ARE):
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, origin / name)
    git(origin, "init", "--quiet")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message=all")
    git(tmp_path, "clone", "--quiet", str(origin), str(checkout))
    assert not [name for name in RUN_AS_THEY_ARE if b"\r" in (checkout / name).read_bytes()]
