"""``python -m app serve``, once it is asked for."""

import asyncio
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.core.logging import configure_logging  # first: it has structlog without what that takes along

# isort: split
from app.api.server.options import server_options
from app.cli.terminal import exits
from app.core.settings import Settings
from app.core.shutdown import GentleServer
from app.core.tracing.exporting import is_wanted
from app.main import create_app
from app.services.access import opening
from app.services.use_case import load


def run(host: str | None, port: int | None, workers: int) -> None:
    """Serve until it is ended; None is what the settings say."""
    settings = Settings()
    configure_logging(settings)
    load(settings.use_case)  # what is wrong with it is said once, not by each process; so with traces
    is_wanted()
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
    try:
        _serve(config, settings)
    except SystemExit as ended:
        if ended.code != STARTUP_FAILURE:
            raise
        raise SystemExit(exits.UNAVAILABLE) from ended  # uvicorn's 3 means something else here


def _serve(config: uvicorn.Config, settings: Settings) -> None:
    if config.workers == 1:
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


def _run(server: uvicorn.Server) -> None:
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)
