"""Logs for people (console) or machines (JSON), one line an event, with the request id of the context."""

import logging
import os
import sys
import time
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Literal

from app.core.logging.lines import LogLines
from app.core.logging.plain_structlog import structlog
from app.core.logging.quoting import shown_path, without_messages, without_quotes, write_without_messages
from app.core.settings import Settings
from app.core.tracing.ids import TraceIds
from app.core.tracing.present import TRACING

if TYPE_CHECKING:
    from structlog.typing import Processor

ACCESS = "app.access"
"""The logger of the requests' lines."""
NARRATORS = ("alembic", "azure", "boto3", "botocore", "google", "httpx", "msal", "pgqueuer", "urllib3")

TRIES_AGAIN = "opentelemetry.exporter"
"""Says of each batch of spans several times that it could not be sent yet, and once that it could not."""

QUOTES_CALLERS = "opentelemetry.trace"
"""Warns of headers that name no trace, and quotes them: whatever a caller writes, and as often."""


def configure_logging(settings: Settings) -> None:
    """Send structlog and the standard library's loggers through one formatter to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _with_trace,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    LINES.stream = sys.stderr
    handler = _LineHandler(as_json=settings.log_format == "json")
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering(settings))
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.INFO, logging.getLevelName(settings.log_level)))
    logging.getLogger("app").setLevel(
        settings.log_level
    )  # those of others write out what is sent, and tokens
    for name in NARRATORS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in (TRIES_AGAIN, QUOTES_CALLERS):
        logging.getLogger(name).setLevel(logging.ERROR)
    VALUES.are_shown = settings.log_values
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"  # our own access line has the request id
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        cache_logger_on_first_use=False,
    )


def _rendering(settings: Settings) -> "list[Processor]":
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    first: list[Processor] = [remove] if settings.log_values else [remove, without_quotes]
    if settings.log_format == "console":
        return [*first, _console(shows_values=settings.log_values)]
    written = structlog.processors.format_exc_info
    if not settings.log_values:
        written = structlog.processors.ExceptionRenderer(without_messages)
    return [*first, written, structlog.processors.JSONRenderer()]


def _console(*, shows_values: bool) -> "Processor":
    # The default shows local variables with a traceback, secrets among them.
    plain = structlog.dev.plain_traceback if shows_values else write_without_messages
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)


def _with_trace(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Name the present trace, and the span in it, where there is one."""
    if TRACING.spans is not None and (trace := TRACING.spans.present()) is not None:
        event["trace_id"], event["span_id"] = trace
    return event


class _Values:
    """Whether log lines may hold what customers sent."""

    are_shown = False


def as_logged(path: str, root_path: str) -> str:
    """A request's path, without the id of a record unless LOG_VALUES says so."""
    return path if VALUES.are_shown else shown_path(path, root_path)


class _LineHandler(logging.StreamHandler[LogLines]):
    """``as_json``: the lines are JSON."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__(LINES)
        self.as_json = as_json

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if record.levelno >= logging.WARNING:
            LINES.hurry()


def access(
    request_id: str,
    method: str,
    path: str,
    status: int,
    ms: float,
    *,
    level: Literal["debug", "info"] = "info",
    trace: TraceIds | None = None,
) -> None:
    """Log a request that was answered: as JSON it is structlog's own line, at a ninth of its cost."""
    number = logging.INFO if level == "info" else logging.DEBUG
    if not _requests.isEnabledFor(number):
        return
    if not _is_json():
        log.log(number, "request", method=method, path=path, status=status, ms=ms, request_id=request_id)
        return
    LINES.write(
        f'{{"method": {quoted(method)}, "path": {quoted(path)}, "status": {status}, "ms": {ms},'
        f' "event": "request", "request_id": {quoted(request_id)},{_ids(trace)} "logger": "{ACCESS}",'
        f' "level": "{level}", "timestamp": "{_now()}"}}\n'
    )


def _ids(trace: TraceIds | None) -> str:
    if trace is None:
        return ""
    return "".join(f' "{name}": "{one}",' for name, one in zip(TraceIds._fields, trace, strict=True) if one)


def _now() -> str:
    """As structlog's TimeStamper writes it, at a third of its cost."""
    seconds, microseconds = divmod(time.time_ns() // 1000, 1_000_000)
    return f"{_second(seconds)}.{microseconds:06}Z"


@lru_cache(1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()


def _is_json() -> bool:
    """Whether all that becomes of a request's line is a line of JSON: nobody has added another handler."""
    handlers = logging.root.handlers
    return len(handlers) == 1 and isinstance(handlers[0], _LineHandler) and handlers[0].as_json


def written_aside() -> AbstractContextManager[None]:
    """Until the end of the block a thread writes the lines, a moment later: who logs does not wait for it."""
    return LINES.written_aside()


def _tell_lost(lines: int) -> None:
    log.error("log lines lost: nobody read them in time", lines=lines)


LINES = LogLines(_tell_lost)
VALUES = _Values()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=LINES.forget_in_child)
log = structlog.get_logger(ACCESS)
_requests = logging.getLogger(ACCESS)
