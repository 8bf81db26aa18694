"""What a log line holds of what customers sent: nothing, unless LOG_VALUES says so."""

import asyncio
import json
import logging

import asyncpg
import pytest
import structlog
from pydantic import SecretStr

from app.core.errors import BadOutput
from app.core.logging import as_logged, configure_logging
from app.core.logging.quoting import Quoted
from tests.support.settings import IsolatedSettings

CANARY = "canary-Miller"
FORMATS = pytest.mark.parametrize("log_format", ["json", "console"])


def configure(log_format: str, *, shown: bool = False, level: str = "DEBUG") -> None:
    configure_logging(
        IsolatedSettings.model_validate(
            {
                "database_url": SecretStr("postgresql://localhost/x"),
                "log_format": log_format,
                "log_level": level,
                "log_values": shown,
            }
        )
    )


def raised() -> Exception:
    """As it reaches us: one led to another, and the first was a group."""
    try:
        try:
            try:
                raise ExceptionGroup(CANARY, [KeyError(CANARY)])
            except ExceptionGroup as group:
                raise asyncpg.UniqueViolationError(f"Key (id)=({CANARY}) already exists.") from group
        except asyncpg.PostgresError:
            raise BadOutput(f"The model answered {CANARY}.")  # noqa: B904 - in its context only
    except BadOutput as error:
        return error


def say_all() -> None:
    log = structlog.get_logger("app.test")
    log.warning("refused", answer=Quoted(f"row {CANARY}"), status=400)
    log.error("crashed", exc_info=raised())
    logging.getLogger("some.library").error("failed", exc_info=raised())
    logging.getLogger("botocore.endpoint").debug("Sending %s", CANARY)
    logging.getLogger("some.library").debug("body %s", CANARY)
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <%r>", KeyError(CANARY))
    logging.getLogger("asyncio").error("Exception in callback f(%r)\nhandle: <%r>", CANARY, CANARY)


@FORMATS
def test_values_are_in_no_line(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure(log_format)
    say_all()
    said = capsys.readouterr().err
    assert "Miller" not in said
    for kept in (
        "refused",
        "crashed",
        "BadOutput",
        "UniqueViolationError",
        "23505",
        "KeyError",
        "test_quoting.py",
    ):
        assert kept in said, kept


@FORMATS
def test_where_they_are_wanted_they_are_shown(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure(log_format, shown=True)
    say_all()
    assert capsys.readouterr().err.count("Miller") >= 5


def test_a_task_that_nobody_awaits_tells_its_type_alone(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")

    async def fail() -> None:
        raise ValueError(CANARY)

    async def forget() -> None:
        task = asyncio.create_task(fail())
        await asyncio.wait([task])
        del task

    asyncio.run(forget())
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "Task exception was never retrieved"
    assert "builtins.ValueError" in line
    assert "Miller" not in line


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/records", "/records"),
        ("/records/import", "/records/import"),
        (f"/records/{CANARY}", "/records/{record_id}"),
        (f"/records/{CANARY}/label", "/records/{record_id}/label"),
        (f"/predict/{CANARY}", "/predict/{record_id}"),
        ("/predict", "/predict"),
        ("/models/transit/versions/2", "/models/transit/versions/2"),
        ("/prediction-jobs/7/results", "/prediction-jobs/7/results"),
        ("/health/ready", "/health/ready"),
        ("/", "/"),
        (f"/{CANARY}", "/..."),
        (f"/record/{CANARY}", "/..."),
        (f"/root/records/{CANARY}", "/root/records/{record_id}"),
        ("/root", "/root"),
        (f"/dashboard/records/{CANARY}", "/dashboard/records/{record_id}"),
        (f"/dashboard/records/{CANARY}/predict", "/dashboard/records/{record_id}"),
        (f"/root/dashboard/records/{CANARY}", "/root/dashboard/records/{record_id}"),
        (f"/dashboard/{CANARY}", "/dashboard/..."),
        (f"/dashboard/records{CANARY}", "/dashboard/..."),
        ("/dashboard/models/transit", "/dashboard/models/transit"),
        ("/dashboard/sign-in", "/dashboard/sign-in"),
    ],
)
def test_a_path_is_logged_without_ids(path: str, logged: str) -> None:
    configure("json")
    assert as_logged(path, "/root" if path.startswith("/root") else "") == logged
    configure("json", shown=True)
    assert as_logged(path, "") == path
