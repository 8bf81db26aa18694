"""Commands whose modules are imported once they are asked for, so that none waits for what another needs."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from app.cli.program.collecting import some_imported
from app.cli.program.listed import COMMANDS, LateCommand

if TYPE_CHECKING:
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter


class LateGroup(TyperGroup):
    """Knows its commands by name; a subclass has them. As in click's documentation, but for lists of them."""

    late: ClassVar[Mapping[str, LateCommand]]

    def __init__(self, **attributes: object) -> None:
        super().__init__(**attributes)  # type: ignore[arg-type]
        self.commands = {name: _Listed(name, late) for name, late in self.late.items()}

    def resolve_command(
        self, ctx: "Context", args: list[str]
    ) -> tuple[str | None, "Command | None", list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        return name, found.imported() if isinstance(found, _Listed) else found, rest


class _Group(TyperGroup):
    """Says of each command all that its first paragraph says; Typer cuts that to a line."""

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, _summary(one)) for name, one in found if one is not None and not one.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _summary(command: "Command") -> str:
    return " ".join((command.help or "").partition("\n\n")[0].split())


def late_command(name: str) -> "Command":
    """A command of the program by its name, imported."""
    return _Listed(name, COMMANDS[name]).imported()


class _Listed(TyperCommand):
    def __init__(self, name: str, late: LateCommand) -> None:
        super().__init__(name, help=late.says, hidden=late.hidden)
        self._late = late

    def imported(self) -> "Command":
        """The command itself. Its help is plain: to draw frames took as long as all the rest."""
        module, _, attribute = self._late.place.partition(":")
        found = getattr(import_module(module), attribute)
        some_imported()
        holder = typer.Typer(add_completion=False, rich_markup_mode=None)
        holder.callback()(lambda: None)  # else one command alone loses its name
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=self.name, cls=_Group)
        else:
            holder.command(self.name)(found)
        group = get_command(holder)
        assert isinstance(group, TyperGroup)
        return group.commands[self.name or ""]
