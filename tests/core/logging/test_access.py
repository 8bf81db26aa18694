"""The request's line, which is not made by structlog, is the line that structlog would make."""

import json
import logging
import re

import pytest
import structlog
from pydantic import SecretStr

from app.core.logging import ACCESS, access, configure_logging
from app.core.tracing.ids import TraceIds
from tests.support.settings import IsolatedSettings

FORMATS = ("json", "console")
LINES = [
    ("abc-1", "GET", "/records", 200, 0.4),
    ("x" * 128, "POST", '/predict/a"b\\c', 404, 12.0),
    ("1", "PUT", "/records/é\n\x00\x1b[31m\ud800😀", 503, 70000.1),
    ("1", "GET", "/", 0, 1e-05),
    ("1", "GET", "/", 499, 3),
]


@pytest.fixture(autouse=True)
def _no_context() -> None:
    structlog.contextvars.clear_contextvars()


def configure(log_format: str, level: str = "INFO") -> None:
    configure_logging(
        IsolatedSettings.model_validate(
            {
                "database_url": SecretStr("postgresql://localhost/x"),
                "log_format": log_format,
                "log_level": level,
            }
        )
    )


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("level", ["info", "debug"])
@pytest.mark.parametrize("log_format", FORMATS)
def test_it_is_the_line_of_structlog(
    capsys: pytest.CaptureFixture[str], log_format: str, level: str, line: tuple[str, str, str, int, float]
) -> None:
    configure(log_format, "DEBUG")
    request_id, method, path, status, ms = line
    access(request_id, method, path, status, ms, level="info" if level == "info" else "debug")
    fast = capsys.readouterr().err
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        say = getattr(structlog.get_logger(ACCESS), level)
        say("request", method=method, path=path, status=status, ms=ms)
        slow = capsys.readouterr().err
        access(request_id, method, path, status, ms, level="info" if level == "info" else "debug")
    assert untimed(fast) == untimed(slow) == untimed(capsys.readouterr().err)
    assert fast.count("\n") == slow.count("\n") >= 1


def untimed(line: str) -> str:
    timed = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", "TIME", line)
    assert timed.count("TIME") == 1
    return timed


def test_the_caller_s_trace_is_in_it_as_structlog_would_have_it(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    access("1", "GET", "/", 200, 3, trace=TraceIds("ab" * 16))
    fast = capsys.readouterr().err
    with structlog.contextvars.bound_contextvars(request_id="1", trace_id="ab" * 16):
        structlog.get_logger(ACCESS).info("request", method="GET", path="/", status=200, ms=3)
    assert json.loads(untimed(fast)) == json.loads(untimed(capsys.readouterr().err))


@pytest.mark.parametrize("log_format", FORMATS)
def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure(log_format)
    access("1", "GET", "/health/live", 200, 1.5, level="debug")
    assert capsys.readouterr().err == ""
    configure(log_format, "WARNING")
    access("1", "GET", "/records", 200, 1.5)
    assert capsys.readouterr().err == ""


def test_who_adds_a_handler_gets_the_lines_too(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    configure("json")
    logging.getLogger().addHandler(caplog.handler)
    access("1", "GET", "/records", 200, 1.5)
    assert len(caplog.records) == 1
    assert json.loads(capsys.readouterr().err)["path"] == "/records"
