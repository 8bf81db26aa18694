"""Completion in the shells themselves, where they are installed: for `python -m app` and for bin/app."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import main

ROOT = Path(__file__).parents[3]
PYTHON = shlex.quote(sys.executable)
ASKED = {f"{PYTHON} -m app jobs c": "cancel", "bin/app predict r1 --format js": "json"}
BASH = """
eval {script}
read -ra COMP_WORDS <<< {line}
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_app_complete
echo "${{COMPREPLY[*]}}"
"""
FISH = "echo {script} | source; complete -C {line}"
ZSH = """
autoload -Uz compinit; compinit -u -D; eval {script}
words=({line}); CURRENT=${{#words}}
_arguments() {{ echo "$@" }}
_app_complete
"""
SHELLS = {
    "bash": ["bash", "--norc", "-c"],
    "zsh": ["zsh", "-f", "-c"],
    "fish": ["fish", "--no-config", "-c"],
}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """What a shell with the script answers to a line that is not complete."""
    name = request.param
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}")
    with pytest.raises(SystemExit):
        main(["completion", name])
    script = capsys.readouterr().out

    def answer(line: str) -> str:
        form = {"bash": BASH, "zsh": ZSH, "fish": FISH}[name]
        quoted = line if name == "zsh" else shlex.quote(line)
        asked = form.format(script=_quoted(script, name), line=quoted)
        done = subprocess.run([*SHELLS[name], asked], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout

    return answer


def _quoted(script: str, shell: str) -> str:
    if shell != "fish":
        return shlex.quote(script)
    escaped = script.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def test_what_could_come_next_is_offered(shell: Callable[[str], str]) -> None:
    for line, wanted in ASKED.items():
        offered = shell(line)
        assert wanted in offered
        assert "resume" not in offered


def test_other_uses_of_python_are_left_alone(shell: Callable[[str], str]) -> None:
    assert "resume" not in shell("python -m apps jobs res")


def test_the_script_for_any_folder_is_this_program(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()  # another's
    (tmp_path / "app/__main__.py").write_text("print('another')")
    link = tmp_path / "linked"
    link.symlink_to(ROOT / "bin/app")
    done = subprocess.run([link, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("sagemaker-fastapi ")
