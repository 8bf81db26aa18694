"""What the user's code makes whole goes to the platforms that take it, as it is, one item a call."""

import pytest
from pydantic import JsonValue

from app.backends.base import Backend, TakesPayloads
from app.backends.registry import BACKENDS
from app.core.errors import BackendCrashed, BackendError, BadOutput
from app.schemas.payloads import Payload
from tests.backends.bench import Bench
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer

TAKE_PAYLOADS = ["azure_ml", "databricks", "mlflow", "sagemaker", "vertex"]
IMAGE = Payload(bytes(range(256)) + b"\r\n\0", "image/x-test; q=1")

each = pytest.mark.parametrize("bench", TAKE_PAYLOADS, indirect=True)


def taking(backend: Backend) -> TakesPayloads:
    assert isinstance(backend, TakesPayloads)
    return backend


@each
async def test_the_bytes_arrive_as_they_are(bench: Bench, backend: Backend) -> None:
    bench.answer = Answer(body=b'{"label": "cat"}', headers={"Content-Type": "application/json"})
    reply = await taking(backend).predict_payload(IMAGE, TIMEOUT)
    assert reply.outputs == [{"label": "cat"}]
    (sent,) = bench.predictions
    assert (sent.method, sent.body, sent.headers["content-type"]) == (
        "POST",
        IMAGE.content,
        IMAGE.content_type,
    )
    assert bench.name != "vertex" or sent.path.endswith(":rawPredict")


@each
@pytest.mark.parametrize(
    ("kind", "body", "options", "output"),
    [
        ("application/json", b"[0.1, 0.9]", {}, [0.1, 0.9]),
        ("application/json", b'{"y": {"label": 1}}', {"answer_key": "y"}, {"label": 1}),
        ("text/csv", b"0.1,0.9\n", {}, [0.1, 0.9]),
        ("text/plain", b"cat\n", {}, "cat"),
        ("text/plain", b"[1, 2]", {"answer_type": "application/json"}, [1, 2]),
    ],
)
async def test_all_of_the_answer_is_one_output(
    bench: Bench, kind: str, body: bytes, options: dict[str, JsonValue], output: JsonValue
) -> None:
    bench.answer = Answer(body=body, headers={"Content-Type": kind})
    backend = bench.open(**options)
    assert (await taking(backend).predict_payload(IMAGE, TIMEOUT)).outputs == [output]
    await backend.aclose()


@each
async def test_what_cannot_be_read_is_no_answer(bench: Bench, backend: Backend) -> None:
    bench.answer = Answer(body=b"\x89PNG", headers={"Content-Type": "image/png"})
    with pytest.raises(BadOutput, match="'image/png'"):
        await taking(backend).predict_payload(IMAGE, TIMEOUT)


@each
async def test_throttling_is_worth_another_try_here_too(bench: Bench, backend: Backend) -> None:
    bench.answer = bench.remote.throttled()
    with pytest.raises(BackendError) as caught:
        await taking(backend).predict_payload(IMAGE, TIMEOUT)
    assert caught.value.retryable
    assert not isinstance(caught.value, BackendCrashed)


@each
async def test_no_more_bytes_than_a_call_takes(bench: Bench) -> None:
    backend = bench.open(max_bytes=2000)
    assert taking(backend).longest_payload == 2000
    await backend.aclose()


@pytest.mark.parametrize("bench", sorted({*BACKENDS} - {*TAKE_PAYLOADS, "coreml"}), indirect=True)
async def test_the_others_take_rows_only(bench: Bench, backend: Backend) -> None:
    assert not isinstance(backend, TakesPayloads)
