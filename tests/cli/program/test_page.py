"""docs/command-line.md has every command, with what its help says of it."""

import re
from pathlib import Path

from typer.core import TyperGroup

from app.cli.program.late import late_command
from app.cli.program.listed import COMMANDS
from app.cli.terminal import exits

PAGE = (Path(__file__).parents[3] / "docs/command-line.md").read_text()


def rows() -> list[str]:
    """The table as it has to be."""
    found = []
    for name, late in COMMANDS.items():
        if late.hidden:
            continue
        command = late_command(name)
        inner = command.commands if isinstance(command, TyperGroup) else {}
        said = {f"{name} {one}": command.help for one, command in inner.items() if not command.hidden}
        found += [f"| `{one}` | {_first(text or '')} |" for one, text in (said or {name: late.says}).items()]
    return found


def _first(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split()).replace("|", "\\|")


def test_the_table_has_every_command() -> None:
    _, _, table = PAGE.partition("## All commands\n")
    wanted = rows()
    assert re.findall(r"^\| `.*$", table, re.MULTILINE) == wanted, "\n".join(wanted)


def test_the_page_has_every_exit_code() -> None:
    said = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    ours = {code for name, code in vars(exits).items() if name.isupper()}
    assert said == ours | {2}
