"""A copy of the project as its next release: with two more migrations, one of them a concurrent index."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from app.db import revisions
from tests.support.copies import copy_of_the_project

COLUMN = """
revision = "20990101_0000"
down_revision = "{head}"

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    op.add_column("input_objects", sa.Column("of_the_next_release", sa.Text()))
"""
INDEX = """
revision = "20990101_0001"
down_revision = "20990101_0000"

from app.db.server.indexes import create_concurrently


def upgrade() -> None:
    create_concurrently("ix_predictions_latency_ms", "predictions", ["latency_ms"])
"""
UNDO = (
    "drop index if exists ix_predictions_latency_ms",
    "alter table input_objects drop column if exists of_the_next_release",
)
MANY_AT_ONCE = """
import os, sys
import alembic.command, app.cli.migrate
from app.cli import main
{fault}
for _ in range({count}):
    if os.fork() == 0:
        sys.exit(main(["migrate"]))
sys.exit(any([os.wait()[1] for _ in range({count})]))
"""
"""Forked after the imports, which take longer than the migration: so they do meet."""
BLOCKING = """
from sqlalchemy import text
from app.db import migrate
async def blocking(connection):
    await connection.execute(text("select pg_advisory_lock(:key)"), {"key": migrate.ADVISORY_LOCK})
    return True
migrate._try_lock = blocking
"""
"""A fault: whoever comes later waits within a statement, and a concurrent index waits for that."""


def next_release(folder: Path) -> Path:
    """Its tree."""
    tree = copy_of_the_project(folder)
    [head] = revisions.head()
    versions = tree / "migrations" / "versions"
    (versions / "20990101_0000_add_a_column.py").write_text(COLUMN.format(head=head))
    (versions / "20990101_0001_add_an_index.py").write_text(INDEX)
    return tree


def migrate_at_once(
    tree: Path, url: str, count: int, *, fault: str = "", seconds: float = 120
) -> tuple[int, str, str]:
    """So many processes; whether one of them failed, and what they said. TimeoutExpired if they hang."""
    environment = os.environ | {"DATABASE_URL": url, "LOG_FORMAT": "json"}
    environment.pop("DATABASE_DIRECT_URL", None)
    code = MANY_AT_ONCE.format(fault=fault, count=count)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tree,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, out, errors
