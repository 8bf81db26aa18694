"""The programs of this folder, each in the venv it needs."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from tests.platforms.venvs import platform_venv

ROOT = Path(__file__).parents[3]


def call(asked: Mapping[str, JsonValue], authority: Path | None, **env: str) -> dict[str, JsonValue]:
    """Our backend, in a process that trusts ``authority`` only."""
    trusted = {"SSL_CERT_FILE": str(authority)} if authority else {}
    return _run(Path(sys.executable), "call", asked, trusted | env)


def client(asked: Mapping[str, JsonValue], authority: Path) -> dict[str, JsonValue]:
    """IBM's client."""
    return _run(platform_venv("watsonx") / "python", "client", asked, {"SSL_CERT_FILE": str(authority)})


def _run(
    python: Path, program: str, asked: Mapping[str, JsonValue], env: Mapping[str, str]
) -> dict[str, JsonValue]:
    done = subprocess.run(
        [python, "-m", f"tests.platforms.watsonx.{program}"],
        cwd=ROOT,
        env=os.environ | env,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, JsonValue] = json.loads(done.stdout.splitlines()[-1])
    return answer
