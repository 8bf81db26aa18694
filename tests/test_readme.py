"""The README cannot lie: its commands are run, its answers compared, its code and tables checked."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest
from pydantic import JsonValue

from app.core import errors
from app.core.docstrings import field_docstrings
from app.core.errors import AppError
from app.core.settings import Settings
from tests.support.demo import ROOT, Demo, demo_folder, running_demo

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [
    (text, BLOCKS[index + 1][1] if BLOCKS[index + 1 : index + 2] and BLOCKS[index + 1][0] == "json" else None)
    for index, (language, text) in enumerate(BLOCKS)
    if language == "bash" and not text.startswith(("git clone", "make"))
]
PYTHON = [text for language, text in BLOCKS if language == "python"]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with demo_folder() as folder, running_demo(folder) as demo:
        yield demo


def test_every_command_runs_and_answers_what_it_says(demo: Demo) -> None:
    assert len(COMMANDS) > 10
    for command, answer in COMMANDS:
        expected: JsonValue = json.loads(answer) if answer else None
        said = _run(demo, command, may_fail=isinstance(expected, dict) and "status" in expected)
        if answer:
            assert _fits(json.loads(said), expected), f"{command}\nanswers\n{said}"


def _run(demo: Demo, command: str, *, may_fail: bool) -> str:
    """Run a block as written, but for the demo's address and folder, and this Python."""
    script = command.replace("http://127.0.0.1:8000", demo.url).replace(" .local/", f" {demo.folder}/")
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
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
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


def test_the_shown_code_is_the_code() -> None:
    shown = [text.partition("\n") for text in PYTHON if text.startswith("# app/")]
    assert [first.removeprefix("# ") for first, _, _ in shown] == [
        "app/schemas/input_object.py",
        "app/services/preprocess.py",
        "app/services/postprocess.py",
        "app/services/evaluation.py",
    ]
    for first, _, code in shown:
        example = (ROOT / "examples" / "transit" / first.rpartition("/")[2]).read_text()
        for part in code.strip().split("\n...\n"):
            assert part.strip() in example


def test_the_settings_table_is_the_settings() -> None:
    assert settings_table() in README


def test_the_error_table_is_the_error_tree() -> None:
    assert error_table() in README


def test_the_example_environment_names_only_what_is_read() -> None:
    names = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    compose = (ROOT / "docker-compose.yml").read_text()
    read = {name.upper() for name in Settings.model_fields} | set(re.findall(r"\$\{(\w+)", compose))
    assert {name for name in names if not name.startswith("AWS_")} <= read
    assert set(re.findall(r"\$\{(\w+):\?", compose)) <= names


def settings_table() -> str:
    meanings = field_docstrings(Settings)
    rows = [
        (
            f"`{name.upper()}`",
            _default(field.get_default()) if not field.is_required() else "required",
            meanings[name],
        )
        for name, field in Settings.model_fields.items()
    ]
    return _table(("setting", "default", "meaning"), rows)


def _default(value: object) -> str:
    return "" if value in (None, "") else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def error_table() -> str:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AppError)]
    rows = [
        (str(kind.status), f"`{kind.slug}`", kind.title)
        for kind in kinds
        if kind is not errors.BackendError and "slug" in vars(kind)
    ]
    return _table(("status", "type ends in", "title"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, str, str | None]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
