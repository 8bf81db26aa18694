"""Completion in the shells themselves, where they are installed: for `python -m app` and for bin/app."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PYTHON = shlex.quote(sys.executable)
ASKED = {
    f"{PYTHON} -m app eva": ["evaluate"],
    "python -m app jobs c": ["cancel"],
    "bin/app jobs start --det": ["--detach"],
    "app predict r1 --format js": ["json"],
}
BASH = """
source <({python} -m app completion bash)
read -ra COMP_WORDS <<< {line}
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_app_complete
echo "${{COMPREPLY[*]}}"
"""
FISH = "{python} -m app completion fish | source; complete -C {line}"
ZSH = """
autoload -Uz compinit; compinit -u -D; eval "$({python} -m app completion zsh)"
words=({line}); CURRENT=${{#words}}
_arguments() {{ echo "$@" }}
_app_complete
"""
SHELLS = {
    "bash": ["bash", "--norc", "-c"],
    "zsh": ["zsh", "-f", "-c"],
    "fish": ["fish", "--no-config", "-c"],
}


def answer(shell: str, line: str) -> str:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    script = {"bash": BASH, "zsh": ZSH, "fish": FISH}[shell]
    quoted = line if shell == "zsh" else shlex.quote(line)
    command = [*SHELLS[shell], script.format(python=PYTHON, line=quoted)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_what_could_come_next_is_offered(shell: str) -> None:
    for line, wanted in ASKED.items():
        offered = answer(shell, line)
        assert [word for word in wanted if word not in offered] == [], offered
        assert "audit" not in offered


def test_other_uses_of_python_are_left_alone() -> None:
    assert answer("bash", "python -m http") == "\n"
    assert answer("bash", "python scr") == "\n"


def test_the_script_for_any_folder_is_this_program(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()  # another's
    (tmp_path / "app/__main__.py").write_text("print('another')")
    link = tmp_path / "linked"
    link.symlink_to(ROOT / "bin/app")
    done = subprocess.run([link, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("sagemaker-fastapi ")
