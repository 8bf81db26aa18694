"""S3: requests that are too large, too deep, too slow or ambiguous, to a service that runs."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.api.server.test_connection import AMBIGUOUS, GET, LARGE
from tests.security.memory import Watched
from tests.support.demo import ROOT
from tests.support.eventually import TIMEOUT
from tests.support.figures import Figure
from tests.support.raw_http import HOST, connect, hear, say, trickle
from tests.support.service import Service, running_service

pytestmark = pytest.mark.security

PATIENCE = 2
MOST = 128
"""Megabytes that any of it may take, for as short as may be."""
JSON = {"Content-Type": "application/json"}
WRITE = b"POST /records HTTP/1.1\r\nContent-Type: application/json\r\n"
SIZE = 9_900_000
"""Bytes, just below MAX_BODY_BYTES."""


class Attacked:
    """The service, a client, and its memory."""

    def __init__(self, service: Service, client: httpx.Client) -> None:
        self.url, self.client, self.memory = service.url, client, Watched(service.process.pid)

    def lives(self) -> bool:
        return self.client.get("/health/ready").status_code == 200


@pytest.fixture(scope="module")
def attacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder: Path = tmp_path_factory.mktemp("service")
    with ExitStack() as stack:
        database = stack.enter_context(request.getfixturevalue("postgres_server").clone())
        variables = {
            **{"DATABASE_URL": database, "RECEIVE_TIMEOUT": str(PATIENCE), "LOG_LEVEL": "ERROR"},
            "DEFAULT_MODEL": "transit",
        }
        service = stack.enter_context(running_service(ROOT, variables, folder / "service.log"))
        client = stack.enter_context(httpx.Client(base_url=service.url, timeout=TIMEOUT))
        yield Attacked(service, client)


@pytest.mark.parametrize("shape", LARGE)
def test_a_flood_of_headers(attacked: Attacked, shape: str, figure: Figure) -> None:
    """Fifty callers at once."""
    parts = [part.replace(b"POST /first HTTP/1.1\r\n", WRITE) for part in LARGE[shape]]
    attacked.memory.reset()
    with ThreadPoolExecutor(50) as callers:
        heard = [*callers.map(lambda _: say(attacked.url, *parts), range(50))]
    grown = attacked.memory.grown()
    figure("S3", f"50 callers: {shape}", f"431, under {MOST} MB", f"{heard[0].statuses}, {grown:.0f} MB")
    assert [one.statuses for one in heard] == [[431]] * 50
    assert grown < MOST
    assert attacked.lives()


@pytest.mark.parametrize("shape", AMBIGUOUS)
def test_a_request_that_may_be_another(attacked: Attacked, shape: str, figure: Figure) -> None:
    heard = say(attacked.url, AMBIGUOUS[shape])
    figure("S3", f"smuggling: {shape}", "one 400, closed", f"{heard.statuses}, closed: {heard.closed}")
    assert (heard.statuses, heard.closed) == ([400], True)


BODIES: dict[str, tuple[bytes, int]] = {
    "10 MB that are no JSON": (b"[" + b" " * SIZE + b"x", 422),
    "10 MB of nesting": (b"[" * SIZE, 422),
    "10 MB of small lists": (b"[" + b"[]," * (SIZE // 3) + b"[]]", 422),
    "10 MB of small objects": (b"[" + b'{"a":1},' * (SIZE // 8) + b"{}]", 422),
    "a number of 10 MB": (b"[" + b"1" * SIZE + b"]", 422),
    "numbers of 4,000 digits": (b"[" + b",".join([b"1" * 4000] * 2400) + b"]", 422),
    "one member a million times": (b"{" + b",".join([b'"a":1'] * 1_000_000) + b"}", 422),
    "10 MB that are no UTF-8": (b'["' + b"\xff" * SIZE + b'"]', 422),
    "100,000 ids": (json.dumps({"record_ids": [f"r{number}" for number in range(100_000)]}).encode(), 422),
    "U+0000": (b'{"record_ids": "' + rb"\u0000" * (SIZE // 7) + b'"}', 422),
    "11 MB": (b" " * 11_000_000, 413),
}


@pytest.mark.parametrize("fault", BODIES)
@pytest.mark.parametrize("path", ["/predict", "/records"])
def test_a_body_that_costs(attacked: Attacked, fault: str, path: str, figure: Figure) -> None:
    """Ten times, since what is refused has to be gone."""
    content, status = BODIES[fault]
    attacked.memory.reset()
    statuses = {attacked.client.post(path, content=content, headers=JSON).status_code for _ in range(10)}
    grown = attacked.memory.grown()
    figure("S3", f"{path}: {fault}", f"{status}, under {MOST} MB", f"{statuses}, {grown:.0f} MB")
    assert statuses == {status}
    assert grown < MOST


@pytest.mark.parametrize("path", ["/predict", "/records", "/records/import?format=csv"])
def test_a_body_that_trickles(attacked: Attacked, path: str, figure: Figure) -> None:
    head = b"POST %s HTTP/1.1\r\nContent-Type: application/json\r\n" % path.encode()
    begun = time.monotonic()
    heard = trickle(
        attacked.url, head + HOST + b"Content-Length: 10000\r\n\r\n{", b" ", every=0.1, seconds=TIMEOUT
    )
    took = time.monotonic() - begun
    figure("S3", f"{path}: a byte now and then", f"408 after {PATIENCE} s", f"{heard.statuses}, {took:.1f} s")
    assert (heard.statuses, heard.closed) == ([408], True)


def test_callers_who_say_nothing_more(attacked: Attacked, figure: Figure) -> None:
    """Five hundred of them, while others are answered; none holds its connection."""
    attacked.memory.reset()
    with ExitStack() as stack:
        opened = [stack.enter_context(connect(attacked.url)) for _ in range(500)]
        for one in opened:
            one.sendall(GET + b"X: ")
        assert attacked.lives()
        heard = [hear(one) for one in opened]
    grown = attacked.memory.grown()
    given_up = sum((one.statuses, one.closed) == ([408], True) for one in heard)
    figure("S3", "500 heads that do not end", f"408, under {MOST} MB", f"{given_up} times, {grown:.0f} MB")
    assert given_up == 500
    assert grown < MOST
    assert attacked.lives()
