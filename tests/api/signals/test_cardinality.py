"""Nothing that a caller writes becomes a series."""

from urllib.parse import quote

import httpx
import pytest

from app.core.signals import answered, answers, calls, requests
from tests.support.metrics import samples

ODD = ("<b>", 'say "so"', "back\\slash", "new\nline", "µ\U0001f600", "a" * 200)


async def series(client: httpx.AsyncClient) -> set[object]:
    return {*samples((await client.get("/metrics")).text)}


async def ask_for(client: httpx.AsyncClient, odd: str) -> None:
    """Everything that there is not, and that has a name."""
    named = odd.encode().hex()[:60]
    for query in ({"model": named}, {"version": named}, {"refresh": "no", "version": named}):
        await client.post("/predict/a", params=query)
    await client.post("/predict", json={"record_ids": [odd, "a"]})
    await client.post("/predict", json={"record_ids": ["a"], "model": named})
    for path in ("predict", "records", "models", "nowhere", "predictions", named):
        await client.request("POST" if path == "predict" else "GET", f"/{path}/{quote(odd, safe='')}")
    await client.request(f"M{named}".upper()[:20], "/records")


async def test_what_there_is_not_adds_none(client: httpx.AsyncClient) -> None:
    for odd in ODD:
        await ask_for(client, odd)
    await series(client)  # which is a request itself
    before = await series(client)
    kept = len(answers), len(calls), len(requests)
    for number in range(12):
        await ask_for(client, f"{number} {ODD[number % len(ODD)]}"[:200])
    await client.post("/predict", json={"record_ids": [f"nobody {number}" for number in range(1000)]})
    for number in range(200):
        await client.get(f"/{number}/nowhere")
    assert await series(client) == before
    assert (len(answers), len(calls), len(requests)) == kept
    told = (await client.get("/metrics")).text
    assert [odd for odd in ODD if odd in told or repr(odd)[1:-1] in told] == []


def test_a_process_names_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answered, "MOST", len(answers) + 2)
    before = {*answers}
    for number in range(10):
        answered.note_as("job", "m", f"{number}", "HIT", 0.1)
    added = {*answers} - before
    assert {key.version for key in added} - {""} == {"0", "1"}
    unnamed = answers[answered.AnsweredKey("", "", "job", "hit", "")].count
    answered.note_as("job", "m", "new", "HIT", 0.1, count=3)
    assert answers[answered.AnsweredKey("", "", "job", "hit", "")].count == unnamed + 3
    for key in added:
        del answers[key]
