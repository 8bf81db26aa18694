"""Logs for people (console) or machines (JSON), one line an event, with the request id of the context."""

import logging
import sys

import structlog
from structlog.typing import Processor

from app.core.settings import Settings


def configure_logging(settings: Settings) -> None:
    """Send structlog and the standard library's loggers through one formatter to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=_rendering(settings.log_format)
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in ("alembic", "botocore", "boto3", "urllib3", "httpx", "pgqueuer"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they narrate
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"  # our own access line has the request id
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        cache_logger_on_first_use=False,
    )


def _rendering(log_format: str) -> list[Processor]:
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if log_format == "console":
        return [remove, _console()]
    return [remove, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _console() -> Processor:
    # The default shows local variables with a traceback, secrets among them.
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
