"""Options that several commands take."""

from typing import Annotated

import typer

ModelOption = Annotated[str | None, typer.Option(help="Default: the setting DEFAULT_MODEL.")]
VersionOption = Annotated[str | None, typer.Option(help="Default: the live one.")]
