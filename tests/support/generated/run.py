"""schemathesis as a process, and what it found."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.generated.place import Target

HERE = Path(__file__).parent
FAILURE = re.compile(r"^- (ST\d+ .*)$", re.MULTILINE)
"""A line of its report that names what a check found."""
COUNT = re.compile(r"^\s*([\d,]+) generated", re.MULTILINE)
PATHS_ARE_OURS = "unsupported_method,allow_header_conformance"
"""Checks that are left out: `import` is also an id, of a record or a run: GET /records/import is taken for
one's, and said in Allow. tests/api/http/test_methods.py holds the methods of every path."""
ALWAYS = (
    *(
        "--checks",
        "all",
        "--exclude-checks",
        PATHS_ARE_OURS,
        "--suppress-health-check",
        "all",
        "--continue-on-failure",
        "--no-color",
    ),
    *("--generation-database", "none", "--request-timeout", "60"),
)


@dataclass(frozen=True)
class Found:
    """How many ``cases`` were sent, what the checks found in the answers, and all of it in words."""

    cases: int
    failures: list[str]
    said: str


def attack(target: Target, folder: Path, *arguments: str) -> Found:
    """Send what schemathesis makes of the document there; ``arguments`` say how much."""
    config = str(HERE / "schemathesis.toml")
    command = [_program(), "--config-file", config, "run", f"{target.url}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {target.key}", *ALWAYS, *arguments]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    said, counted = ran.stdout + ran.stderr, COUNT.search(ran.stdout)
    assert ran.returncode in (0, 1), said
    assert counted, said
    failures = FAILURE.findall(said)
    assert bool(failures) == bool(ran.returncode), said
    return Found(int(counted[1].replace(",", "")), failures, said)


def _program() -> str:
    """Beside this Python, else on the path."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    found = shutil.which("schemathesis", path=places)
    assert found, "schemathesis is not installed: it is in requirements-dev.txt"
    return found
