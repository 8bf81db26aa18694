"""Everything that the API does has a command: docs/command-line.md says which."""

import re
from pathlib import Path

from pydantic import SecretStr
from typer.core import TyperGroup

from app.cli.program.late import late_command
from app.cli.program.listed import COMMANDS
from app.main import create_app
from tests.support.settings import IsolatedSettings

PAGE = (Path(__file__).parents[3] / "docs/command-line.md").read_text()
ROW = re.compile(r"^\| `([A-Z]+ /[^`]*)` \| (.*) \|$", re.MULTILINE)


def operations() -> list[str]:
    document = create_app(IsolatedSettings(database_url=SecretStr("postgresql://nowhere/x"))).openapi()
    return [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]


def commands() -> set[str]:
    found = set[str]()
    for name, late in COMMANDS.items():
        command = None if late.hidden else late_command(name)
        if isinstance(command, TyperGroup):
            found |= {f"{name} {one}" for one, inner in command.commands.items() if not inner.hidden}
        elif command is not None:
            found.add(name)
    return found


def test_each_operation_has_a_command() -> None:
    told = dict(ROW.findall(PAGE))
    assert sorted(told) == sorted(operations())
    named = {
        command.partition(" --")[0] for row in told.values() for command in re.findall(r"`([^`]+)`", row)
    }
    assert named <= commands(), named - commands()
    assert all("`" in row for row in told.values())
