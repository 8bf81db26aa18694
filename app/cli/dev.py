"""``python -m app dev``."""

from pathlib import Path
from typing import Annotated

import typer


def dev(
    models: Annotated[
        Path, typer.Option(help="Folder of model.tar.gz files, made if needed.", file_okay=False)
    ] = Path("models"),
    endpoint: Annotated[str, typer.Option(help="Name of the SageMaker endpoint that serves them.")] = "local",
    port: Annotated[
        int | None, typer.Option(help="Port; 0 takes a free one.  [default: PORT]", min=0, max=65535)
    ] = None,
    data_dir: Annotated[Path, typer.Option(help="Folder that keeps the data.")] = Path(".local/dev"),
) -> None:
    """Run the service on your own files, and start it anew at each save.

    Postgres, unless DATABASE_URL is set, and a SageMaker endpoint are started beside it.
    """
    from app.local.dev.run import run  # needs what a service goes without

    run(models, endpoint, data_dir, port)


def service(listener: int, ready: int) -> None:
    """The service that `dev` starts, on the file descriptors of a socket and of a pipe."""
    from app.local.dev.service import serve_as_child
    from app.main import create_app

    serve_as_child(create_app, listener, ready)
