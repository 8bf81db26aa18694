"""A service and a worker are told canaries wherever customers' values and secrets go; no log has one.

Nor has a command line, or a row that is kept for operators. Where the log may quote, it does: so the test
sees what it looks for.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from pydantic import JsonValue
from sqlalchemy import make_url

from app.core.settings import Settings
from tests.support.aws_stub import Answer, AwsStub, Request, aws_environment, csv, model_error
from tests.support.eventually import TIMEOUT
from tests.support.orders import FEATURES, order
from tests.support.postgres import query
from tests.support.service import Service, running_service
from tests.support.workers import ROOT, worker_process

pytestmark = pytest.mark.security

RECORD, BAD, RAISING = "canary-ada@example.com", "canary-bob@example.com", "canary-eve@example.com"
VALUES = ("canary", "8765432.25", "1312.0625")
"""Of ids, inputs and messages; of a label; of a model's output."""
KEPT = {
    "jobs": "select error, warning from prediction_jobs",
    "evaluations": "select error, warning from evaluations",
    "tasks": "select convert_from(payload, 'utf8'), headers::text from pgqueuer",
    "their log": "select traceback::text from pgqueuer_log",
    "audit": "select subject, details::text from audit",
}
"""What is kept for operators."""


def answer(request: Request) -> Answer:
    """A model that quotes what it was asked, and says of one row what nobody can read."""
    if "invocations" not in request.path:
        return Answer(403)
    if b"9.5" in request.body:
        return model_error(400, f"canary-row {request.body!r}")
    if b"8.5" in request.body:
        return csv("canary-output")
    return csv("1312.0625\n" * len(request.body.splitlines()))


@contextmanager
def running(settings: Settings, aws: AwsStub, log: Path, *, shown: bool) -> Iterator[Service]:
    """The service and a worker, whose lines go to one file."""
    aws.respond = answer
    said = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "USE_CASE": "tests.support.leaky",
        "DEFAULT_MODEL": "transit",
        "LOG_LEVEL": "DEBUG",
        "LOG_VALUES": str(shown),
        **aws_environment(aws.url),
    }
    with running_service(ROOT, said, log) as service, worker_process(settings, log=log, level="DEBUG"):
        yield service


def use(url: str, owner: str) -> list[int]:
    """Everything that goes well and wrong with records; the statuses of the answers."""
    with httpx.Client(base_url=url, timeout=TIMEOUT) as client:
        register(client)
        for record_id, changes in (
            (RECORD, {}),
            (BAD, {"recent_transit_ratio": 9.5}),
            (RAISING, {"carrier": "canary-c"}),
        ):
            assert client.put(f"/records/{record_id}", json=order(**changes)).status_code == 201
        asked = [
            *(client.post(f"/predict/{one}") for one in (RECORD, BAD, RAISING)),
            client.put("/records/canary-odd", json=order(8.5)),
            client.post("/predict/canary-odd"),
            client.post("/predict", json={"record_ids": [RECORD, BAD, RAISING, "canary-odd"]}),
            client.put(f"/records/{RECORD}", json={"carrier": "canary-wrong"}),
            client.get("/canary/nowhere"),
            client.get("/predictions", params={"record_id": RECORD}),
        ]
        query(owner, "alter table labels add constraint fits check (value::text not like '8765%')")
        label = {"value": 8765432.25, "observed_at": "2013-01-02T00:00:00Z"}
        asked.append(client.put(f"/records/{RECORD}/label", json=label))
        query(owner, "alter table labels drop constraint fits")
        asked.append(client.put(f"/records/{RECORD}/label", json=label))
        run_to_the_end(client, "/prediction-jobs", {"all": True})
        run_to_the_end(client, "/evaluations", {})
    return [one.status_code for one in asked]


def register(client: httpx.Client) -> None:
    options: dict[str, JsonValue] = {"endpoint_name": "e"}
    new = {"version": "1", "backend": "sagemaker", "options": options, "features": FEATURES, "promote": True}
    assert client.post("/models/transit/versions", json=new).status_code == 201


def run_to_the_end(client: httpx.Client, path: str, asked: Mapping[str, JsonValue]) -> None:
    begun = client.post(path, json=asked)
    assert begun.status_code == 202, begun.text
    deadline = time.monotonic() + TIMEOUT
    while client.get(begun.headers["location"]).json()["state"] in ("queued", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def secrets_of(settings: Settings) -> list[str]:
    urls = (settings.database_url, settings.owner_url)
    return [str(make_url(url.get_secret_value()).password) for url in urls]


def command_lines() -> list[str]:
    return [word for one in psutil.process_iter(["cmdline"]) for word in one.info["cmdline"] or []]


def found(texts: Sequence[str], sought: Sequence[str]) -> list[str]:
    return [text[:2000] for text in texts for one in sought if one in text]


EXPECTED = [200, 502, 500, 201, 502, 200, 422, 404, 200, 500, 200]


@pytest.fixture
def one_role(narrow: Settings) -> Settings:
    """The service as the owner of its tables: the server tells it all of a row that it refuses. Where row
    security concerns the role, it tells nothing of the row."""
    return narrow.model_copy(update={"database_url": narrow.owner_url})


@pytest.fixture(params=["narrow", "one_role"])
def role(request: pytest.FixtureRequest) -> Settings:
    chosen: Settings = request.getfixturevalue(request.param)
    return chosen


def test_no_line_no_command_and_no_row_has_a_value(role: Settings, aws: AwsStub, tmp_path: Path) -> None:
    log, owner = tmp_path / "log", role.owner_url.get_secret_value()
    with running(role, aws, log, shown=False) as service:
        assert use(service.url, owner) == EXPECTED
        commands = command_lines()
    lines = log.read_text().splitlines()
    for event in ("platform", "aws_call_refused", "user code failed", "crashed", "request failed"):
        assert any(event in line for line in lines) or event == "platform", event
    assert found(lines, [*VALUES, *secrets_of(role)]) == []
    assert found(commands, [*VALUES, *secrets_of(role)]) == []
    for what, statement in KEPT.items():
        rows = [str(row) for row in query(owner, statement)]
        assert found(rows, [one for one in VALUES if one != "canary" or what != "jobs"]) == [], what


def test_where_the_log_may_quote_the_test_sees_it(one_role: Settings, aws: AwsStub, tmp_path: Path) -> None:
    log, owner = tmp_path / "log", one_role.owner_url.get_secret_value()
    with running(one_role, aws, log, shown=True) as service:
        assert use(service.url, owner) == EXPECTED
    lines = log.read_text().splitlines()
    for quoted in ("canary-row", "cannot read", RECORD, "8765432.25"):
        assert found(lines, [quoted]), quoted
    assert found(lines, secrets_of(one_role)) == []
