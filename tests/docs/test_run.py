"""Pages cannot lie about the API: their commands are run on the demo, and the answers are compared."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from tests.docs.pages import Fence, fences
from tests.support.demo import ROOT, Demo, demo_folder, running_demo

RUN = (
    "README.md",
    "docs/records.md",
    "docs/predicting.md",
    "docs/models.md",
    "docs/evaluations.md",
    "docs/jobs.md",
    "docs/access.md",  # the last: from its first key on the demo asks for one
)
"""Pages whose blocks of Bash are run."""
COMMANDS = [fence for name in RUN for fence in fences(name) if fence.language == "bash"]
STARTS_IT = "make demo\n"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with demo_folder() as folder, running_demo(folder) as demo:
        yield demo


def test_every_command_runs_and_answers_what_it_says(demo: Demo) -> None:
    assert COMMANDS[0].text == STARTS_IT
    for fence in COMMANDS[1:]:
        expected: JsonValue = json.loads(fence.answer) if fence.answer else None
        said = _run(demo, fence, may_fail=isinstance(expected, dict) and "status" in expected)
        if fence.answer:
            assert _fits(json.loads(said), expected), f"{fence}\n{fence.text}\nanswers\n{said}"


def _run(demo: Demo, fence: Fence, *, may_fail: bool) -> str:
    """Run a block as written, but for the demo's address and folder, and this Python."""
    script = fence.text.replace("http://127.0.0.1:8000", demo.url).replace(" .local/", f" {demo.folder}/")
    script = script.replace(".venv/bin/python", sys.executable)
    strict = "" if may_fail else 'curl() { command curl --fail-with-body "$@"; }\n'
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", strict + script],
        cwd=ROOT,
        env=environment | {"NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{fence}\n{fence.text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _fits(given: JsonValue, expected: JsonValue) -> bool:
    """Whether the answer is the expected one; "..." stands for any value."""
    if expected == "...":
        return True
    if isinstance(expected, dict) and isinstance(given, dict):
        return given.keys() == expected.keys() and all(_fits(given[key], expected[key]) for key in expected)
    if isinstance(expected, list) and isinstance(given, list):
        return len(given) == len(expected) and all(map(_fits, given, expected))
    return given == expected
