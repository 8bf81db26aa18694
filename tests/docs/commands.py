"""Commands that pages show and no test runs: whether each could be run as it stands."""

import re
import shlex
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import pairwise

import yaml
from typer.core import TyperGroup

from app.cli.program.late import late_command
from tests.docs.requests import check_request
from tests.support.demo import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
IMAGE = "sagemaker-fastapi"
ASSIGNED = re.compile(r"^[A-Z_]+=\$\((.*)\)$", re.DOTALL)
INSIDE = re.compile(r"\$\(([^()]+)\)")

LEFT = {
    "eval": "what it evaluates is looked at",
    "cd": "goes with what stands below it",
    "ln": "changes the home of who runs it",
    "terraform": "needs an account; tests/deploy/test_terraform.py checks the variables",
    "promtool": "is not installed everywhere; tests/deploy/test_observability.py runs it where it is",
    "git": "tests/docs/test_upgrading.py runs those that matter",
    "helm": "is not installed everywhere",
    "kubectl": "needs a cluster",
    "aws": "needs an account",
}
"""Programs whose commands are not looked at, and why."""


def check(script: str) -> None:
    """Fails where a command of the script names something that there is not."""
    for command in commands(script):
        _check(command)


def commands(script: str) -> Iterator[str]:
    """Each with the lines that belong to it."""
    begun = ""
    for line in script.splitlines():
        begun += f"{line}\n"
        if line.endswith("\\") or not line.strip():
            continue
        try:
            shlex.split(begun, comments=True)
        except ValueError:  # a quote that is still open
            continue
        yield begun.replace("\\\n", " ").strip()
        begun = ""
    assert not begun.strip(), begun


def _check(command: str) -> None:
    assigned = ASSIGNED.match(command)
    for inside in [assigned[1]] if assigned else INSIDE.findall(command):
        _check(inside)
    words = [] if assigned else shlex.split(command, comments=True)
    _check_words(words[: words.index("|")] if "|" in words else words)


def _check_words(words: Sequence[str]) -> None:
    match words:
        case ["python" | ".venv/bin/python", "-m", "app", *arguments]:
            _parses(arguments)
        case ["python" | ".venv/bin/python", "-m", module, *_]:
            assert find_spec(module), module
        case ["make", *arguments]:
            _makes(arguments)
        case ["docker", "compose", *arguments]:
            _composes(arguments)
        case ["docker", "build", *arguments]:
            _builds(arguments)
        case ["docker", "buildx", "imagetools", *_]:
            pass  # asks a registry
        case ["docker", "run", *arguments]:
            _parses(arguments[arguments.index(IMAGE) + 1 :] or ["serve"])
        case ["curl", *arguments]:
            check_request(arguments)
        case [program, *_]:
            assert program in LEFT, program


def _builds(arguments: Sequence[str]) -> None:
    """A target and arguments that the Dockerfile has; nothing is built."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    for option, value in pairwise(arguments):
        if option == "--target":
            assert re.search(rf"^FROM .* AS {re.escape(value)}$", dockerfile, re.MULTILINE), value
        if option == "--build-arg":
            name = value.partition("=")[0]
            assert re.search(rf"^ARG {re.escape(name)}\b", dockerfile, re.MULTILINE), name


def _parses(arguments: Sequence[str]) -> None:
    """The program's own parser takes it; nothing is done."""
    name, *rest = arguments
    if name.startswith("--"):
        return
    command = late_command(name)
    if isinstance(command, TyperGroup):
        name, *rest = rest
        command = command.commands[name]
    if "--help" not in rest:
        with command.make_context(name, list(rest)):
            pass


def _makes(arguments: Sequence[str]) -> None:
    for one in arguments:
        variable, given, _ = one.partition("=")
        if given:
            assert re.search(rf"\b{re.escape(variable)}\b", MAKEFILE), one
        else:
            assert re.search(rf"^{re.escape(one)}:.*## ", MAKEFILE, re.MULTILINE), one


def _composes(arguments: Sequence[str]) -> None:
    """Of `docker compose`: profiles and services are there."""
    services = COMPOSE["services"]
    profiles = {profile for service in services.values() for profile in service.get("profiles", ())}
    known = {*services, *profiles, "*"}
    words = iter(arguments)
    for word in words:
        if word in ("-f", "--file"):
            assert (ROOT / next(words)).is_file()
        elif word == "--profile":
            assert next(words) in known
        elif word == "--scale":
            assert next(words).partition("=")[0] in services
        elif word in ("exec", "up", "logs", "restart"):
            named = [one for one in words if not one.startswith("-")]
            if word == "exec":
                named = named[:1]
            assert {one.partition("=")[0] for one in named} <= known, arguments
