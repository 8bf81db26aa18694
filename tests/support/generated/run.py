"""schemathesis as a process, and what it found."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
FAILURE = re.compile(r"^- (ST\d+ .*)$", re.MULTILINE)
"""A line of its report that names what a check found."""


@dataclass(frozen=True)
class Found:
    """``cases`` were sent; each of ``failures`` names a check and an answer."""

    cases: int
    failures: list[str]
    said: str


def attack(url: str, folder: Path, *arguments: str) -> Found:
    """Send what schemathesis makes of the document at this address; ``arguments`` say how much."""
    report = folder / "events.ndjson"
    command = [
        *(_program(), "--config-file", str(HERE / "schemathesis.toml"), "run", f"{url}/openapi.json"),
        *("--checks", "all", "--suppress-health-check", "all", "--continue-on-failure", "--no-color"),
        *("--report", "ndjson", "--report-ndjson-path", str(report), "--generation-database", "none"),
        *("--request-timeout", "60", *arguments),
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    said = ran.stdout + ran.stderr
    failures = FAILURE.findall(said)
    assert ran.returncode == bool(failures), said
    return Found(_cases(report), failures, said)


def _program() -> str:
    """Beside this Python, else on the path."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    found = shutil.which("schemathesis", path=places)
    assert found, "schemathesis is not installed: it is in requirements-dev.txt"
    return found


def _cases(report: Path) -> int:
    return sum(len(json.loads(line).get("ScenarioFinished", {})) for line in report.open())
