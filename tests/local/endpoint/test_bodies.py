"""Bodies of each kind from the service's own backend, read by an artifact's code in the local endpoint."""

import asyncio
import io
from pathlib import Path

import numpy as np
import pytest
from pydantic import JsonValue

import app.aws
from app.backends.base import TakesPayloads
from app.backends.registry import open_backend
from app.core.hosts import Hosts
from app.schemas.payloads import Payload
from tests.support.artifacts import write_artifact
from tests.support.aws import Serve
from tests.support.aws_stub import aws_environment
from tests.support.eventually import TIMEOUT

READS = """
    import csv, io, json

    def model_fn(model_dir):
        return None

    def transform_fn(model, body, content_type, accept):
        text = body.decode() if isinstance(body, bytes) else body
        if content_type == "application/json":
            rows = [row["features"] for row in json.loads(text)["instances"]]
            return json.dumps({"scores_of_mine": [sum(row) for row in rows]}), "application/vnd.mine+json"
        if content_type == "text/plain":
            rows = [json.loads(line) for line in text.splitlines()]
            return "".join(f"{row['a'] - row['b']}\\n" for row in rows), "text/plain"
        assert content_type == "text/csv; label_size=0", content_type
        rows = csv.DictReader(io.StringIO(text))
        return "".join(f"{float(row['b']) - float(row['a'])}\\n" for row in rows), "text/csv; charset=utf-8"
"""
"""Three containers in one: each reads and answers in its own way."""

SEES = """
    def model_fn(model_dir):
        return None

    def transform_fn(model, body, content_type, accept):
        assert accept == "application/json", accept
        return f"{content_type}: {len(body)} bytes, the first {body[0]}", "text/plain"
"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws_environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    app.aws.session.cache_clear()


async def answers(serve: Serve, sent: list[list[JsonValue]] | Payload, **options: JsonValue) -> list[object]:
    address = serve().address
    values = {"endpoint_name": "multi", "target_model": "a.tar.gz", "endpoint_url": address} | options
    hosts = Hosts(address)
    backend = await asyncio.to_thread(
        open_backend, "sagemaker", values, ("a", "b"), concurrency=2, hosts=hosts
    )
    try:
        if isinstance(sent, Payload):
            assert isinstance(backend, TakesPayloads)
            return [*(await backend.predict_payload(sent, TIMEOUT)).outputs]
        return [*(await backend.predict(sent, TIMEOUT)).outputs]
    finally:
        await backend.aclose()


@pytest.mark.parametrize(
    ("options", "outputs"),
    [
        ({"content_type": "text/csv; label_size=0", "csv_header": True}, [1.0, 4.0]),
        (
            {"content_type": "application/json", "rows": "features", "answer_key": "scores_of_mine"},
            [3, 10],
        ),
        (
            {
                "content_type": "text/plain",
                "format": "application/jsonlines",
                "rows": "objects",
                "answer_type": "text/csv",
            },
            [-1, -4],
        ),
    ],
)
async def test_rows(
    artifacts: Path, serve: Serve, options: dict[str, JsonValue], outputs: list[float]
) -> None:
    write_artifact(artifacts / "a.tar.gz", READS)
    assert await answers(serve, [[1, 2], [3, 7]], **options) == outputs


async def test_an_image(artifacts: Path, serve: Serve) -> None:
    write_artifact(artifacts / "a.tar.gz", SEES)
    image = Payload(b"\x89PNG\r\n\x1a\n\0\xff", "image/png")
    assert await answers(serve, image) == ["image/png: 10 bytes, the first 137"]


async def test_an_array_is_read_by_the_toolkit_itself(artifacts: Path, serve: Serve) -> None:
    write_artifact(artifacts / "a.tar.gz")
    file = io.BytesIO()
    np.save(file, np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert await answers(serve, Payload(file.getvalue(), "application/x-npy")) == [[6.0, 14.0]]
