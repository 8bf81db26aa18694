"""What is missing at start or later: named in a log line and by /health/ready, and mended by itself."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.stack.crashes import predicts_anew
from tests.stack.load import Ledger, Load, fresh_order
from tests.stack.report import Report
from tests.stack.stack import (
    EXAMPLE,
    PROJECT,
    Failed,
    Stack,
    is_live,
    is_ready,
    run,
    wait_until,
)

UP_SECONDS = 180
NAMED_SECONDS = 60
BACK_SECONDS = 120

NEEDED = ("database", "migrations")
"""Parts without which no request is served, so that readiness is 503."""

LATE_DB = """
services:
  db:
    entrypoint: [sh, -c, "sleep 30; exec docker-entrypoint.sh postgres"]
"""
LATE_S3 = """
services:
  s3:
    entrypoint: [sh, -c, 'sleep 30; exec weed -logtostderr=true mini "$$@"', sh]
"""
SMALL_DISK = """
volumes:
  db:
    driver_opts: {type: tmpfs, device: tmpfs, o: "size=300m,mode=1777"}
"""
HOLDER = f"{PROJECT}-disk"


def late_database(stack: Stack, report: Report, _: Ledger) -> None:
    """A cold start whose database takes 30 s."""
    with report.check("a cold start, the database 30 s late") as notes, _cold_start(stack, LATE_DB) as since:
        notes.append(_named(stack, "database", since))


def late_storage(stack: Stack, report: Report, _: Ledger) -> None:
    """A cold start whose S3 takes 30 s."""
    with report.check("a cold start, S3 30 s late") as notes, _cold_start(stack, LATE_S3) as since:
        notes.append(_named(stack, "storage", since))


def failing_migration(stack: Stack, report: Report, _: Ledger) -> None:
    """A cold start whose migration fails until somebody repairs the database."""
    with report.check("a cold start, the migration fails") as notes:
        stack.down(volumes=True)
        stack.compose("up", "--detach", "--wait", "db")
        stack.sql("create table input_objects (in_the_way int)")
        with _started(stack) as since:
            notes.append(_named(stack, "migrations", since))
            notes.append(stack.log_line("migrate", "already exists", since=since))
            stack.sql("drop table input_objects")


def absent_endpoint(stack: Stack, report: Report, _: Ledger) -> None:
    """The API starts while the model's platform is away."""
    with report.check("the API starts without the endpoint") as notes:
        since = time.time()
        stack.api.post(f"/predict/{EXAMPLE}").raise_for_status()
        stack.compose("stop", "endpoint")
        stack.compose("restart", "--no-deps", "api")
        notes.append(_named(stack, "platform", since))
        hit = stack.api.post(f"/predict/{EXAMPLE}")
        if (hit.status_code, hit.headers.get("X-Cache")) != (200, "HIT"):
            raise Failed(f"A stored prediction was not served: {hit.status_code} {hit.text}")
        stack.api.put("/records/unlucky", json=fresh_order()).raise_for_status()
        miss = stack.api.post("/predict/unlucky")
        notes.append(f"a miss: {miss.status_code} {miss.json()['title']}; a hit: {hit.status_code}")
        stack.compose("start", "endpoint")
        _require_recovery(stack)


def wrong_password(stack: Stack, report: Report, _: Ledger) -> None:
    """The database has another password than the API."""
    with report.check("the database's password is wrong") as notes:
        since = time.time()
        password = stack.secret_values()[0]
        stack.sql(f"alter role app password '{'0' * 32}'")
        stack.compose("restart", "--no-deps", "api")
        notes.append(_named(stack, "database", since))
        stack.sql(f"alter role app password '{password}'")
        _require_recovery(stack)


def full_disk(stack: Stack, report: Report, _: Ledger) -> None:
    """The database's volume is full, and later is not."""
    with report.check("the database's disk is full") as notes:
        with _cold_start(stack, SMALL_DISK):
            pass
        ledger, since = Ledger(), time.time()
        with _held_volume(), Load(stack.api, ledger) as load:
            run(["docker", "exec", HOLDER, "sh", "-c", "cat /dev/zero > /disk/filler || true"])
            notes.append(_named(stack, "room", since))
            wait_until("a write fails", lambda: load.failed.total() > 0, NAMED_SECONDS)
            run(["docker", "exec", HOLDER, "rm", "/disk/filler"])
            _require_recovery(stack)
        load.require_no_refusal()
        notes.append(f"{load}; nothing lost of {ledger.verify(stack.api)}")


@contextmanager
def _cold_start(stack: Stack, override: str) -> Iterator[float]:
    stack.down(volumes=True)
    with _started(stack, override) as since:
        yield since


@contextmanager
def _started(stack: Stack, override: str | None = None) -> Iterator[float]:
    """`up` under way within the block; afterwards it has to end well, and the sample be predicted."""
    since = time.time()
    with stack.begin("up", "--detach", override=override) as starting:
        try:
            wait_until("the API lives", lambda: is_live(stack.api), NAMED_SECONDS)
            yield since
            code = starting.wait(UP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"`up` took more than {UP_SECONDS} s") from error
        finally:
            starting.kill()
    if code:
        raise Failed(f"`up` ended with {code}")
    stack.take_key()
    stack.api.post(f"/predict/{EXAMPLE}").raise_for_status()
    _require_recovery(stack)


def _named(stack: Stack, part: str, since: float) -> str:
    """Wait until readiness names the part as missing, with the right status; the line that was logged."""
    wanted = 503 if part in NEEDED else 200
    wait_until(
        f"/health/ready names {part} with {wanted}", lambda: _readiness(stack, part) == wanted, NAMED_SECONDS
    )
    if not is_live(stack.api):
        raise Failed("/health/live is not 200")
    return stack.log_line("api", "part missing", f'"{part}"', since=since)


def _readiness(stack: Stack, part: str) -> int:
    """The status of /health/ready where it says that the part is missing, else 0."""
    answer = stack.api.get("/health/ready")
    return answer.status_code if answer.json()["parts"][part]["status"] == "unavailable" else 0


def _require_recovery(stack: Stack) -> None:
    wait_until("all parts are ready", lambda: is_ready(stack.api), BACK_SECONDS)
    wait_until("new records are predicted", lambda: predicts_anew(stack.api), BACK_SECONDS)


@contextmanager
def _held_volume() -> Iterator[None]:
    """A container that keeps the database's volume mounted: one in memory is lost with its last user."""
    volume = ("--volume", f"{PROJECT}_db:/disk", "--user", "0", "--network", "none")
    run(
        [
            "docker",
            "run",
            "--detach",
            "--rm",
            "--init",
            "--name",
            HOLDER,
            *volume,
            "--entrypoint",
            "sleep",
            PROJECT,
            "infinity",
        ]
    )
    try:
        yield
    finally:
        run(["docker", "rm", "--force", HOLDER])
