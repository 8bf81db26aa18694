"""What a process does without, it does not import: a start, and the memory after it, are mostly imports."""

import os
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from app.cli import COMMANDS
from tests.support.use_case import PACKAGE

ROOT = Path(__file__).parents[2]
OF_OTHERS = {
    *("numpy", "scipy", "sklearn", "pandas"),  # evaluations
    *("boto3", "botocore", "aiohttp"),  # the storage and the platforms, once there is one
    *("alembic", "mako", "pgqueuer", "croniter"),  # migrations, and work for later
    *("rich", "pygments"),  # the terminal
}
OF_THE_SERVICE = {"fastapi", "uvicorn", "sqlalchemy", "asyncpg", "pydantic", "structlog"}
READY = """
import asyncio, sys
from app.cli.serving import create_app
async def until_ready():
    app = create_app()
    async with app.router.lifespan_context(app):
        found = await app.state.health.readiness()
        assert found.status == "ok", found
asyncio.run(until_ready())
print(*sys.modules)
"""


def modules(*arguments: str, **variables: str) -> set[str]:
    """Outermost names of what a Python has imported that prints that, or is told by -X importtime to."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_environment() | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    names = re.findall(r"^import time: .*\| +(\S+)$", done.stderr, re.MULTILINE) or done.stdout.split()
    return {name.partition(".")[0] for name in names}


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}


def require_none(found: Collection[str], unwanted: Collection[str]) -> None:
    assert "app" in found
    assert sorted(set(found) & set(unwanted)) == []


@pytest.mark.parametrize("use_case", ["", PACKAGE])
def test_a_service_is_ready_without_what_others_need(database_url: str, use_case: str) -> None:
    found = modules("-c", READY, DATABASE_URL=database_url, USE_CASE=use_case)
    assert found >= OF_THE_SERVICE
    require_none(found, OF_OTHERS)


def test_a_list_of_commands_needs_none_of_them() -> None:
    found = modules("-X", "importtime", "-m", "app", "--help")
    require_none(found, OF_THE_SERVICE | OF_OTHERS | {"typer"})


HELP = """
import contextlib, io, sys
from app.cli import main
for command in {commands!r}:
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        main([*command.split(), "--help"])
print(*sys.modules)
"""


def test_the_help_of_a_command_needs_none_of_what_the_command_does() -> None:
    more = ["jobs start", "predictions list", "evaluate run", "records import", "models register"]
    found = modules("-c", HELP.format(commands=[*COMMANDS, *more]))
    assert "pydantic" in found
    require_none(found, {"fastapi", "uvicorn", "sqlalchemy", "asyncpg", "structlog"} | OF_OTHERS)
