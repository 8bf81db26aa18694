"""What ``models backends`` shows."""

from app.cli.program.collecting import all_imported
from app.cli.terminal import output
from app.cli.terminal.output import Column, Format
from app.schemas.hosting.options import BackendHelp, OptionHelp
from app.services.models import backend_options

BACKENDS: tuple[str | Column[BackendHelp], ...] = (
    "name",
    Column[BackendHelp]("needed", lambda one: ", ".join(one.needed)),
    "help",
)
OPTIONS: tuple[str | Column[OptionHelp], ...] = (
    *("name", "type"),
    Column[OptionHelp]("needed", lambda one: _needed(one)),
    *("default", "help"),
)


def show(name: str | None, form: Format) -> None:
    all_imported()
    if name is None:
        output.show(backend_options.backends(), BACKENDS, form, below="help")
    else:
        output.show(backend_options.options(name), OPTIONS, form, below="help")


def _needed(one: OptionHelp) -> str | None:
    outer, _, _ = one.name.rpartition(".")
    if not one.needed:
        return None
    return f"with {outer}" if outer else "yes"
