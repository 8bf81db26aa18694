"""R7: replicas are restarted one after the other, under load.

Behind nginx, which passes over who is away, and behind a balancer that asks who is ready.
"""

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.chaos.conftest import Figure
from tests.chaos.load.callers import Called, Callers, session
from tests.chaos.load.model import slow_model
from tests.chaos.load.nginx import nginx
from tests.chaos.load.places import Place, fill, held, numbered
from tests.chaos.load.proxy import proxy
from tests.chaos.load.rolling import KEYS, Replica, load, replicas

pytestmark = pytest.mark.chaos

RESTARTS = 20
RETRIES = "proxy_next_upstream error timeout"


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    with slow_model(0.3) as model:
        yield Place(database_url, model, tmp_path)


async def behind_a_balancer(place: Place, times: int, how: signal.Signals) -> list[Called]:
    """The calls while two replicas are restarted in turn, each time at another address."""
    async with replicas(place, 2) as running:
        await fill(running[0].service, numbered("m", KEYS) | {"hit": 0.5})
        async with (
            proxy([one.service.url for one in running]) as front,
            session() as opened,
            load(Callers(opened, front.url)) as calls,
        ):
            for _ in range(times):
                await running.pop(0).end(how)
                running.append(await Replica.begun(place))
                front.upstreams = [one.service.url for one in running]
    return calls


async def behind_nginx(
    place: Place, times: int, how: signal.Signals, faults: Mapping[str, str]
) -> list[Called]:
    """The calls while two replicas are restarted in turn, each at its own address."""
    async with replicas(place, 2) as running:
        await fill(running[0].service, numbered("m", KEYS) | {"hit": 0.5})
        addresses = [one.service.url.removeprefix("http://") for one in running]
        with nginx(addresses, place.folder, faults) as url:
            async with session() as opened, load(Callers(opened, url)) as calls:
                for _ in range(times):
                    old = running.pop(0)
                    await old.end(how)
                    running.append(await Replica.begun(place, old.service.port))
    return calls


def failed(calls: list[Called]) -> int:
    return sum(call.status != 200 for call in calls)


@pytest.mark.timeout(600)
async def test_r7_behind_nginx(place: Place, figure: Figure) -> None:
    calls = await behind_nginx(place, RESTARTS, signal.SIGTERM, {})
    what = f"{RESTARTS} rolling restarts under load, behind nginx"
    figure("R7", what, "0 failed", f"{failed(calls)} of {len(calls):,}")
    assert Counter(call.status for call in calls) == {200: len(calls)}


async def test_r7_an_nginx_that_passes_nobody_over_is_seen(place: Place) -> None:
    assert failed(await behind_nginx(place, 1, signal.SIGTERM, {RETRIES: "proxy_next_upstream off; #"}))


@pytest.mark.timeout(600)
async def test_r7_rolling_restarts(place: Place, figure: Figure) -> None:
    calls = await behind_a_balancer(place, RESTARTS, signal.SIGTERM)
    left = await held(place.database_url)
    what = f"{RESTARTS} rolling restarts under load, behind a balancer that asks for readiness"
    figure("R7", what, "0 failed", f"{failed(calls)} of {len(calls):,}")
    figure("R7", "claims left by those that ended", "0", str(left.claims))
    assert Counter(call.status for call in calls) == {200: len(calls)}
    assert left.claims == 0


async def test_r7_a_kill_is_seen(place: Place) -> None:
    assert failed(await behind_a_balancer(place, 2, signal.SIGKILL))
