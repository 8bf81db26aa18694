"""R4: a Postgres that restarts, turns read-only, or falls silent, under load."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from tests.chaos.conftest import Figure
from tests.chaos.database.callers import LONGEST_CALL, Callers, Told, fresh_order, is_ready, is_well, prepare
from tests.chaos.database.server import Durable, durable_server, service, wait_until
from tests.support.aws_stub import AwsStub
from tests.support.line import Line, line_to
from tests.support.orders import answer_ten_times
from tests.support.postgres import query
from tests.support.settings import IsolatedSettings
from tests.support.workers import worker_process

pytestmark = pytest.mark.chaos
WELL_SECONDS, READY_SECONDS, WORKER_SECONDS = 5.0, 10.0, 15.0
"""Readiness remembers for three seconds what it found."""
CUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app' and pid <> pg_backend_pid()"
)
Fault = Callable[[Durable, Line], None]


def restart(server: Durable, _: Line) -> None:
    server.stop()
    server.start_again()


def turn_read_only(server: Durable, _: Line) -> None:
    query(server.admin_url, "alter role app set default_transaction_read_only = on")
    query(server.admin_url, CUT)
    time.sleep(3)
    query(
        server.admin_url, "alter role app reset default_transaction_read_only"
    )  # nobody is cut off this time


def lose_connections(_: Durable, line: Line) -> None:
    """As where a firewall forgets them: they are dead, and new ones are not."""
    line.die()
    line.revive()


def fall_silent(_: Durable, line: Line) -> None:
    line.die()
    time.sleep(15)
    line.revive()


FAULTS = pytest.mark.parametrize("fault", [restart, turn_read_only, lose_connections, fall_silent])


@FAULTS
def test_it_is_well_again_by_itself(fault: Fault, figure: Figure, aws: AwsStub, tmp_path: Path) -> None:
    told, seconds, ready = _under(fault, aws, tmp_path)
    failed = told.calls["read failed"] / (told.calls["read"] + told.calls["read failed"])
    measured = (
        f"{len(told.wrong)} wrong, longest call {told.longest:.1f} s, {failed:.2%} of"
        f" {told.calls['read']} reads failed, well after {seconds:.1f} s, ready after {ready:.1f} s"
    )
    asked = "0 wrong, 0 hung; reads fail at most 0.1%; well again within 5 s"
    figure("R4", f"Postgres under load: {_named(fault)}", asked, measured)
    assert told.wrong == []
    assert told.longest < LONGEST_CALL
    assert seconds <= WELL_SECONDS
    assert ready <= READY_SECONDS
    assert fault is fall_silent or failed <= 0.001  # while nobody gets through nothing can be read


@FAULTS
def test_so_is_a_worker(fault: Fault, figure: Figure, aws: AwsStub, tmp_path: Path) -> None:
    aws.respond = answer_ten_times
    with ExitStack() as stack:
        server = stack.enter_context(durable_server())
        line = stack.enter_context(line_to(server.url))
        running = stack.enter_context(service(server.url, tmp_path / "service.log"))
        settings = IsolatedSettings(database_url=SecretStr(line.url))
        stack.enter_context(worker_process(settings, log=tmp_path / "worker.log"))
        prepare(running.url)
        with httpx.Client(base_url=running.url, timeout=LONGEST_CALL) as client:
            _job(client)
            fault(server, line)
            seconds = _job(client)
    figure(
        "R4",
        f"a worker, Postgres under load: {_named(fault)}",
        "a job is done within 15 s",
        f"{seconds:.1f} s",
    )
    assert seconds <= WORKER_SECONDS


def _job(client: httpx.Client) -> float:
    """Seconds that a prediction job of one new record takes."""
    began = time.monotonic()
    wait_until(lambda: is_well(str(client.base_url)), what="the service is well", seconds=30)
    client.put("/records/a", json=fresh_order(1.5)).raise_for_status()
    asked = client.post("/prediction-jobs", json={"ids": ["a"]})
    asked.raise_for_status()
    path = f"/prediction-jobs/{asked.json()['id']}"
    wait_until(lambda: client.get(path).json()["state"] == "done", what="a job is done", seconds=60)
    return time.monotonic() - began


def _named(fault: Fault) -> str:
    return fault.__name__.replace("_", " ")


WAITS_FOR_EVER = """
from app.db import direct
from app.db.server import patience
patience.ANSWER = patience.FIRST_ANSWER = direct.ANSWER = direct.FIRST_ANSWER = patience.IDLE = 1e6
"""


TAKES_READ_ONLY_FOR_A_BUG = """
from app.db.server import outages
outages.OUTAGE_CLASSES = tuple(one for one in outages.OUTAGE_CLASSES if one != outages.READ_ONLY)
outages.UNFIT_CLASSES = tuple(one for one in outages.UNFIT_CLASSES if one != outages.READ_ONLY)
outages.READ_ONLY = "none"
"""


def test_the_harness_sees_a_read_only_server_taken_for_a_bug(aws: AwsStub, tmp_path: Path) -> None:
    """Its connections stay in the pool, too: an error that ends its connection is one of an outage anyway."""
    with pytest.raises(TimeoutError):
        _under(turn_read_only, aws, tmp_path, broken=TAKES_READ_ONLY_FOR_A_BUG)


def test_the_harness_sees_a_service_that_does_not_recover(aws: AwsStub, tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        _under(lose_connections, aws, tmp_path, broken=WAITS_FOR_EVER)


def _under(fault: Fault, aws: AwsStub, folder: Path, *, broken: str = "") -> tuple[Told, float, float]:
    """What callers were told meanwhile, and the seconds until the service was well again, and said so."""
    aws.respond = answer_ten_times
    told = Told()
    with ExitStack() as stack:
        server = stack.enter_context(durable_server())
        line = stack.enter_context(line_to(server.url))
        running = stack.enter_context(service(line.url, folder / "service.log", fault=broken))
        prepare(running.url)
        with Callers(running.url, told, writers=1):
            wait_until(lambda: len(told.predictions) >= 50, what="there are predictions to be read")
        with Callers(running.url, told, writers=1, readers=2, pause=0.01):
            time.sleep(5)
            fault(server, line)
            began = time.monotonic()
            wait_until(lambda: is_well(running.url), what="the service is well again", seconds=20)
            seconds = time.monotonic() - began
            wait_until(lambda: is_ready(running.url), what="readiness says so", seconds=20)
            ready = time.monotonic() - began
            time.sleep(5)
    return told, seconds, ready
