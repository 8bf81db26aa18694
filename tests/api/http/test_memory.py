"""What was refused is gone: an error does not keep the body, or the answer, that it speaks of."""

import httpx
import pytest

from app.api.http import bodies
from app.core.settings import Settings
from tests.conftest import settings_for
from tests.support.aws_stub import Answer, AwsStub
from tests.support.memory import kept_without_a_search
from tests.support.orders import answer_ten_times, register, store

SIZE = 1_000_000
TIMES = 3
PATHS = ("/predict", "/records", "/evaluations")
JSON = {"Content-Type": "application/json"}
BAD = {
    "no JSON": b"[" + b" " * SIZE + b"x",
    "too deep": b"[" * SIZE,
    "too many": b"[" + b"[]," * SIZE + b"[]]",
    "too long": b"[" + b"1" * SIZE + b"]",
    "U+0000": b'["' + b"a" * SIZE + b'\\u0000"]',
    "another type": b'{"record_ids": "' + b"a" * SIZE + b'"}',
}


@pytest.fixture
def settings(database_url: str, pooler_port: int | None) -> Settings:
    """Each call goes to the model: none is answered with the failure of the one before."""
    return settings_for(database_url, pooler_port).model_copy(update={"failure_hold": 0.0})


async def refuse(client: httpx.AsyncClient, content: bytes) -> int:
    with kept_without_a_search() as kept:
        for _ in range(TIMES):
            for path in PATHS:
                response = await client.post(path, content=content, headers=JSON)
                assert response.status_code == 422
        del response
    return kept.bytes


@pytest.mark.parametrize("fault", BAD)
async def test_a_refused_body_is_not_kept(client: httpx.AsyncClient, fault: str) -> None:
    for path in PATHS:  # which are worked out at the first request
        await client.post(path, content=b"[", headers=JSON)
    assert await refuse(client, BAD[fault]) < SIZE


ANSWERS = {
    "no JSON": Answer(body=b"[" + b" " * SIZE, headers=JSON),
    "many rows": Answer(body=b"[" + b"1," * (SIZE // 20) + b"1]", headers=JSON),
    "a page": Answer(body=b" " * SIZE, headers={"Content-Type": "text/html"}),
    "too large": Answer(body=b" " * SIZE, headers={"Content-Type": "text/csv"}, missing=10**8),
}


async def infer(client: httpx.AsyncClient, aws: AwsStub, answer: Answer) -> int:
    aws.respond = answer_ten_times
    await register(client)
    await store(client, {"a": 1.0})
    aws.respond = lambda request: answer if "invocations" in request.path else answer_ten_times(request)
    await client.post("/predict/a?model=transit&refresh=true")  # which imports this and that
    with kept_without_a_search() as kept:
        for _ in range(TIMES):
            response = await client.post("/predict/a?model=transit&refresh=true")
            assert response.status_code == 502, response.text
    return kept.bytes


@pytest.mark.parametrize("fault", ANSWERS)
async def test_an_answer_that_cannot_be_used_is_not_kept(
    client: httpx.AsyncClient, aws: AwsStub, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("app.backends.base.MAX_REPLY", SIZE - 1 if fault == "too large" else 2 * SIZE)
    assert await infer(client, aws, ANSWERS[fault]) < SIZE


async def test_the_measure_sees_what_errors_would_keep(
    client: httpx.AsyncClient, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "lighten", lambda error: None)
    monkeypatch.setattr("app.api.http.strict_route.lighten", lambda error: None)
    monkeypatch.setattr(bodies.StrictRequest, "drop_body", lambda request: None)
    monkeypatch.setattr("app.services.inference.without_causes", lambda error: None)
    assert await refuse(client, BAD["no JSON"]) > SIZE
    assert await infer(client, aws, ANSWERS["no JSON"]) > SIZE
