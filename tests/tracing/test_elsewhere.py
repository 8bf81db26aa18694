"""Traces beyond the request's own task: workers, processes, and a collector that is away."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.core.settings import Settings
from app.core.tracing import exporting
from tests.support.aws_stub import AwsStub
from tests.support.eventually import TIMEOUT, until
from tests.support.orders import answer_ten_times
from tests.support.otlp import Collector, collector
from tests.support.service import running_service
from tests.support.settings import database_variables
from tests.support.workers import working
from tests.tracing.test_requests import RECORD, SAMPLED, TRACE, traced

ROOT = Path(__file__).parents[2]


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector(monkeypatch) as found:
        yield found


async def test_a_worker_s_task_has_a_link_to_what_asked_for_it(
    settings: Settings, aws: AwsStub, collected: Collector
) -> None:
    aws.respond = answer_ten_times
    async with traced(settings) as client, working(settings):
        job = {"model": "transit", "all": True}
        asked = await client.post("/prediction-jobs", json=job, headers={"traceparent": SAMPLED})
        assert asked.status_code == 202
        await until(lambda: bool(collected.named("task predict_chunk")))
        await until(lambda: bool(collected.named("SageMakerRuntime.InvokeEndpoint")))
    (task,) = collected.named("task predict_chunk")
    (call,) = collected.named("SageMakerRuntime.InvokeEndpoint")
    assert (task.parent_id, task.links, task.kind) == ("", [TRACE], 5)
    assert call.trace_id == task.trace_id != TRACE
    assert RECORD.encode() not in collected.raw


async def test_a_collector_that_is_away_fails_no_request_and_holds_up_no_end(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.respond = answer_ten_times
    monkeypatch.setattr(exporting, "LAST_WORDS", 0.1)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections, and never answers
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        async with traced(settings) as client:
            answers = [await client.post(f"/predict/{RECORD}") for _ in range(3)]
        sending = [one for one in threading.enumerate() if one.name == "last spans"]
        assert [one.status_code for one in answers] == [200] * 3
        assert len(sending) == 1  # it was not waited for
    sending[0].join(TIMEOUT)


def test_each_process_of_several_sends_its_own_and_what_is_left_at_the_end(
    settings: Settings, collected: Collector, tmp_path: Path
) -> None:
    variables = {
        **database_variables(settings),
        **{name: value for name, value in os.environ.items() if name.startswith("OTEL_")},
        "OTEL_BSP_SCHEDULE_DELAY": "60000",
        "OTEL_SERVICE_NAME": "scores",
        "NO_PROXY": "127.0.0.1",
    }
    with running_service(ROOT, variables, tmp_path / "log", options=("--workers", "2")) as service:
        for _ in range(20):
            httpx.get(f"{service.url}/models", headers={"traceparent": SAMPLED})
        assert not collected.stub.requests
    requests = collected.named("GET /models")
    assert len(requests) == 20
    assert {one.service for one in requests} == {"scores"}
