"""A copy of the project as its next release: with two more migrations, one of them a concurrent index."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

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
def go():
    try:
        return main(["migrate"])
    except SystemExit as ended:
        return ended.code
failed = False
for number in range({rounds}):
    sys.stdin.readline()
    for _ in range({count}):
        if os.fork() == 0:
            code = go()
            sys.stdout.flush()
            os._exit(code or 0)
    failed = any([os.wait()[1] for _ in range({count})])
    if {rounds} > 1:
        go()
        print("failed" if failed else "succeeded", flush=True)
sys.exit(failed)
"""
"""Forked after the imports, which take longer than the migration: so they do meet. The rest is kept short:
between rounds the parent migrates as well, where nothing is to be done, so that its children need not do anew
what a process does once; and they end without Python's tidying up."""
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
    with _migrators(
        tree, url, MANY_AT_ONCE.format(fault=fault, count=count, rounds=1), subprocess.PIPE
    ) as process:
        try:
            out, errors = process.communicate("\n", timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, out, errors


@contextmanager
def migrate_again_and_again(
    tree: Path, url: str, count: int, rounds: int, log: Path
) -> Iterator[Callable[[], bool]]:
    """So many processes, each time that it is called; it tells whether none of them failed."""
    code = MANY_AT_ONCE.format(fault="", count=count, rounds=rounds)
    with log.open("w") as errors, _migrators(tree, url, code, errors) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told, said = process.stdin, process.stdout

        def migrate() -> bool:
            told.write("\n")
            told.flush()
            while (line := said.readline()) not in ("succeeded\n", "failed\n"):
                assert line, "it is gone"
            return line == "succeeded\n"

        yield migrate


def _migrators(tree: Path, url: str, code: str, errors: IO[str] | int) -> "subprocess.Popen[str]":
    environment = os.environ | {"DATABASE_URL": url, "LOG_FORMAT": "json"}
    environment.pop("DATABASE_DIRECT_URL", None)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tree,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,
    )
