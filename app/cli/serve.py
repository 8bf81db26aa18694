"""``python -m app serve``."""

<<<<<<< HEAD
import asyncio
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory
=======
>>>>>>> eighteen
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
        int | None, typer.Option(help=f"Port to listen on. Default: the setting PORT, else {PORT}.")
    ] = None,
    workers: Annotated[int, typer.Option(metavar="N", help="Processes.", min=1)] = 1,
) -> None:
    """Run the service. Put a proxy before it that ends TLS. For others than this machine it needs a key."""
<<<<<<< HEAD
    settings = Settings()
    configure_logging(settings)
    load(settings.use_case)  # what is wrong with it is said once, not by each process
    asyncio.run(opening.require_keys(settings, host or settings.host))
    config = uvicorn.Config(
        f"{create_app.__module__}:{create_app.__name__}",
        factory=True,
        host=host or settings.host,
        port=settings.port if port is None else port,
        workers=workers,
        **server_options(settings),
        timeout_graceful_shutdown=math.ceil(settings.predict_timeout),
    )
    if workers == 1:
        _run(GentleServer(config))
    else:
        with _shared_metrics(settings):
            Multiprocess(config, [config.bind_socket()]).run()


@contextmanager
def _shared_metrics(settings: Settings) -> Iterator[None]:
    """A folder in which the processes tell each other what they have counted, for as long as they serve."""
    if settings.metrics_folder is not None:
        yield
        return
    with TemporaryDirectory(prefix="sagemaker-fastapi-", ignore_cleanup_errors=True) as made:
        os.environ["METRICS_FOLDER"] = made
        yield
=======
    from app.cli import serving
>>>>>>> eighteen

    all_imported()
    serving.run(host, port, workers)
