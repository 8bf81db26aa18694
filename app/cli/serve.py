"""``python -m app serve``."""

from typing import Annotated

import typer

from app.cli.program.collecting import all_imported
from app.core.settings import Settings

HOST, PORT = (Settings.model_fields[name].default for name in ("host", "port"))


def serve(
    host: Annotated[
        str | None, typer.Option(help=f"Address to listen on. Default: the setting HOST, else {HOST}.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help=f"Port to listen on. Default: the setting PORT, else {PORT}.", min=0, max=65535),
    ] = None,
    workers: Annotated[int, typer.Option(metavar="N", help="Processes.", min=1)] = 1,
) -> None:
    """Run the service. Put a proxy before it that ends TLS. For others than this machine it needs a key."""
    from app.cli import serving

    all_imported()
    serving.run(host, port, workers)
