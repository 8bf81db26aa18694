"""R4: a Postgres that restarts, turns read-only, or falls silent, or its processes do, under load."""

import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.chaos.conftest import Figure
from tests.chaos.database.callers import LONGEST_CALL, Callers, Told, is_ready, is_well, prepare
from tests.chaos.database.faults import FAULTS, Fault, fall_silent, lose_connections, named, turn_read_only
from tests.chaos.database.server import durable_server, service, wait_until
from tests.support.aws_stub import AwsStub
from tests.support.line import line_to
from tests.support.orders import answer_ten_times

pytestmark = pytest.mark.chaos
WELL_SECONDS, READY_SECONDS = 5.0, 10.0
"""Readiness remembers for three seconds what it found."""


@FAULTS
def test_it_is_well_again_by_itself(fault: Fault, figure: Figure, aws: AwsStub, tmp_path: Path) -> None:
    told, seconds, ready = _under(fault, aws, tmp_path)
    failed = told.calls["read failed"] / (told.calls["read"] + told.calls["read failed"])
    measured = (
        f"{len(told.wrong)} wrong, longest call {told.longest:.1f} s, {failed:.2%} of"
        f" {told.calls['read']} reads failed, well after {seconds:.1f} s, ready after {ready:.1f} s"
    )
    asked = "0 wrong, 0 hung; reads fail at most 0.1%; well again within 5 s"
    figure("R4", f"Postgres under load: {named(fault)}", asked, measured)
    assert told.wrong == []
    assert told.longest < LONGEST_CALL
    assert seconds <= WELL_SECONDS
    assert ready <= READY_SECONDS
    assert fault is fall_silent or failed <= 0.001  # while nobody gets through nothing can be read


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
    """Its connections stay in the pool, too: an error that ends its connection is one of an outage anyway.

    How long depends on which of them are used: callers are told of a bug, and it may not be well at all.
    """
    wrong = ["it is not well again"]
    with suppress(TimeoutError):
        wrong = _under(turn_read_only, aws, tmp_path, broken=TAKES_READ_ONLY_FOR_A_BUG)[0].wrong
    assert wrong


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
