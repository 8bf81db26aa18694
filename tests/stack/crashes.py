"""A cold start, every long-running container killed in turn, three replicas, and a pooler."""

import json
import time
from collections import Counter
from functools import partial
from urllib.parse import quote
from uuid import uuid4

import httpx

from tests.stack.load import Ledger, Load, fresh_order
from tests.stack.report import Report
from tests.stack.stack import EXAMPLE, ROOT, Failed, Stack, is_ready, kill, run, state, wait_until

BACK_SECONDS = 90
PARTS = ("db", "s3", "endpoint", "api")


def cold_start(stack: Stack, report: Report, ledger: Ledger) -> None:
    """From nothing to a prediction of the sample, and all of it still there after `down` and `up`."""
    with report.check("up from nothing and without passwords, until everything is healthy"):
        stack.down(volumes=True)
        stack.up()
    with report.check("a prediction of the sample: a miss, then a hit; every part is ready"):
        _require([_cache_of(stack.api, EXAMPLE) for _ in range(2)] == ["MISS", "HIT"], "a miss, then a hit")
        wait_until("every part is ready", lambda: is_ready(stack.api), BACK_SECONDS)
    with report.check("callers need the key, which only two containers can read; the API was not restarted"):
        _require_closed(stack)
    with report.check("nothing runs as root, only 127.0.0.1 is published"):
        for container in stack.compose("ps", "--all", "--quiet").split():
            _require_confined(container)
    with report.check("no password stands in docker inspect, in an environment or in a log") as notes:
        notes.append(_require_kept_secret(stack))
    with report.check("down and up keep everything, the key as well") as notes:
        key = stack.api.headers["Authorization"]
        with Load(stack.api, ledger):
            time.sleep(2)
        stack.down(volumes=False)
        stack.up()
        _require(stack.api.headers["Authorization"] == key, "there is still one key")
        _require(_cache_of(stack.api, EXAMPLE) == "HIT", "the sample's prediction was kept")
        notes.append(ledger.verify(stack.api))


def crashes(stack: Stack, report: Report, ledger: Ledger) -> None:
    """Each container of the plain stack is killed under load, comes back, and nothing is lost."""
    for service in PARTS:
        _crash(stack, report, ledger, service, stack.api)


def scale(stack: Stack, report: Report, ledger: Ledger) -> None:
    """Three replicas behind nginx."""
    with report.check("profile scale: three replicas share the requests") as notes:
        stack.up("scale")
        notes.append(_shares(stack))
    with report.check("nginx passes ids, request ids and imports on unharmed"):
        _require_passed_on(stack.nginx)
    load = _crash(stack, report, ledger, "replica", stack.nginx)
    with report.check("no prediction failed while the replica was away"):
        _require(load.failed["predict"] == 0, f"{load.failed['predict']} predictions failed")
    _crash(stack, report, ledger, "nginx", stack.nginx)
    with report.check("the replicas restart one after the other, and no request fails") as notes:
        with Load(stack.nginx, ledger) as load:
            for container in [*stack.containers("api"), *stack.containers("replica")]:
                run(["docker", "restart", "--time", "60", container])
                wait_until("the replica is healthy", partial(_is_healthy, container), BACK_SECONDS)
        _require(not load.failed, f"{load}: {dict(load.failed)}")
        notes += [str(load), ledger.verify(stack.api)]
    stack.compose("--profile", "scale", "rm", "--stop", "--force", "nginx", "replica")


def pooler(stack: Stack, report: Report, ledger: Ledger) -> None:
    """The API through PgBouncer in transaction mode."""
    with report.check("profile pooler: predictions through PgBouncer") as notes:
        stack.up("pooler")
        _require(_new_record_cache(stack.pooled) == ["MISS", "HIT"], "a miss, then a hit")
        notes.append(f"{_pooled_connections(stack)} connections of the database are the pooler's")
    _crash(stack, report, ledger, "pgbouncer", stack.pooled)
    _crash(stack, report, ledger, "pooled", stack.pooled)
    _crash(stack, report, ledger, "db", stack.pooled)
    stack.compose("--profile", "pooler", "rm", "--stop", "--force", "pooled", "pgbouncer")


def _crash(stack: Stack, report: Report, ledger: Ledger, service: str, client: httpx.Client) -> Load:
    with report.check(f"{service} is killed under load, and comes back by itself") as notes:
        container = stack.container(service)
        restarts = state(container)[1]
        with Load(client, ledger) as load:
            time.sleep(1)
            kill(container)
            seconds = wait_until(f"{service} is back", lambda: is_back(container, restarts), BACK_SECONDS)
            wait_until("new records are predicted", lambda: predicts_anew(client), BACK_SECONDS)
        load.require_no_refusal()
        notes.append(f"healthy after {seconds:.1f} s; {load}; nothing lost of {ledger.verify(stack.api)}")
    return load


def _is_healthy(container: str) -> bool:
    return state(container)[2] == "healthy"


def is_back(container: str, restarts: int) -> bool:
    """Whether the container was restarted once more than ``restarts`` times, and is healthy."""
    is_running, now, health = state(container)
    return is_running and now > restarts and health == "healthy"


def predicts_anew(client: httpx.Client) -> bool:
    """Whether a new record can be stored and predicted."""
    path = f"stack-test-{uuid4()}"
    return (
        client.put(f"/records/{path}", json=fresh_order()).status_code == 201
        and client.post(f"/predict/{path}").status_code == 200
    )


def _new_record_cache(client: httpx.Client) -> list[str]:
    record_id = f"stack-test-{uuid4()}"
    client.put(f"/records/{record_id}", json=fresh_order()).raise_for_status()
    return [_cache_of(client, record_id) for _ in range(2)]


def _cache_of(client: httpx.Client, record_id: str) -> str:
    return client.post(f"/predict/{quote(record_id, safe='')}").raise_for_status().headers["X-Cache"]


def _require_closed(stack: Stack) -> None:
    for headers in ({}, {"Authorization": "Bearer sfk_wrong"}):
        url = stack.api.base_url.join(f"/predict/{EXAMPLE}")
        answer = httpx.post(url, headers=headers, trust_env=False)
        _require(answer.status_code == 401, f"{headers or 'no key'} was answered {answer.status_code}")
    holders = list[str]()
    for container in stack.compose("ps", "--all", "--quiet").split():
        [seen] = json.loads(run(["docker", "inspect", container]))
        if any(mount["Destination"] == "/secrets/key" for mount in seen["Mounts"]):
            holders.append(seen["Config"]["Labels"]["com.docker.compose.service"])
    _require(sorted(holders) == ["key", "ready"], f"the key is mounted by {holders}")
    _require(state(stack.container("api"))[1] == 0, "the API found no key, and was restarted")


def _require_kept_secret(stack: Stack) -> str:
    values, containers = stack.secret_values(), stack.compose("ps", "--all", "--quiet").split()
    for container in containers:
        said = run(["docker", "inspect", container])
        if state(container)[0]:
            said += run(["docker", "exec", container, "env"])
        _require(not any(value in said for value in values), f"{container} shows a password")
    logs = stack.compose("logs")
    _require(not any(value in logs for value in values), "a password was logged")
    return f"{len(values)} passwords, {len(containers)} containers"


def _require_confined(container: str) -> None:
    [seen] = json.loads(run(["docker", "inspect", container]))
    name, config, host = seen["Name"], seen["Config"], seen["HostConfig"]
    _require(config["User"] not in ("", "0", "root"), f"{name} runs as {config['User']!r}")
    # Compose copies a file into the one-shot that makes the passwords, which has no network instead.
    is_closed = host["ReadonlyRootfs"] or host["NetworkMode"] == "none"
    _require(host["CapDrop"] == ["ALL"] and is_closed, f"{name} is not confined")
    _require(host["Memory"] > 0, f"{name} has no memory limit")
    published = [port for ports in host["PortBindings"].values() for port in ports]
    _require(all(port["HostIp"] == "127.0.0.1" for port in published), f"{name} is published: {published}")


def _shares(stack: Stack) -> str:
    since = time.time()
    for _ in range(120):
        stack.nginx.get("/records/nobody")
    time.sleep(1)
    lines = [json.loads(line) for line in stack.logs("nginx", since) if '"/records/nobody"' in line]
    shares = sorted(Counter(line["replica"] for line in lines).values())
    _require(len(shares) == 3 and min(shares) > 10, f"the requests of each replica: {shares}")
    return f"of 120 requests: {', '.join(map(str, shares))}"


def _require_passed_on(client: httpx.Client) -> None:
    record_id = "kg/s % é + ?"
    path = f"/records/{quote(record_id, safe='')}"
    client.put(path, json=fresh_order()).raise_for_status()
    answer = client.get(path, headers={"X-Request-ID": "stack-test-1"}).raise_for_status()
    _require(answer.json()["id"] == record_id, f"the id became {answer.json()['id']}")
    _require(answer.headers["X-Request-ID"] == "stack-test-1", "the request id was kept")
    with (ROOT / "data" / "transit_orders.csv").open("rb") as file:
        headers = {"Content-Type": "text/csv"}
        imported = client.post("/records/import", content=file, headers=headers, timeout=120)
    _require(imported.raise_for_status().json()["unchanged"] > 10_000, "the import arrived")


def _pooled_connections(stack: Stack) -> int:
    [seen] = json.loads(run(["docker", "inspect", stack.container("pgbouncer")]))
    [network] = seen["NetworkSettings"]["Networks"].values()
    count = stack.sql(f"select count(*) from pg_stat_activity where client_addr = '{network['IPAddress']}'")
    _require(int(count) > 0, "no connection comes from the pooler")
    return int(count)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise Failed(f"Does not hold: {what}")
