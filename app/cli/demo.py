"""``python -m app demo``."""

from pathlib import Path
from typing import Annotated

import typer


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

    run(data_dir, port, create_app, s3=s3)
