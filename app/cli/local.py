"""``python -m app demo`` and ``python -m app dev``: everything on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program.collecting import all_imported


def demo(
    port: Annotated[
        int, typer.Option(help="Port of the service; 0 takes a free one.", min=0, max=65535)
    ] = 8000,
    data_dir: Annotated[Path, typer.Option(help="Folder that keeps the demo's data.")] = Path(".local"),
    s3: Annotated[bool, typer.Option("--s3", help="Keep the models on an S3 server of its own.")] = False,
) -> None:
    """Run the worked example on this machine, with a Postgres and a SageMaker endpoint of its own."""
    from app.local.demo import run  # needs what a service goes without
    from app.main import create_app

    all_imported()
    run(data_dir, port, create_app, s3=s3)


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

    all_imported()
    run(models, endpoint, data_dir, port)


def service(listener: int, ready: int) -> None:
    """The service that `dev` starts, on the file descriptors of a socket and of a pipe."""
    from app.local.dev.service import serve_as_child
    from app.main import create_app

    all_imported()
    serve_as_child(create_app, listener, ready)
