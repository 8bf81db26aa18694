"""Evaluations that cannot be, and questions about them that cannot be answered."""

import json

import httpx
import pytest
from pydantic import JsonValue

JANUARY: dict[str, JsonValue] = {"since": "2013-01-01T00:00:00Z", "until": "2013-02-01T00:00:00Z"}


pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        ({"metrics": ["accuracy"]}, 422, "metrics: there is no 'accuracy'; there is bias, mae, median"),
        ({"metrics": []}, 422, "metrics: List should have at least 1 item"),
        ({"slices": ["carier"]}, 422, "slices: there is no 'carier'; there is carrier, origin"),
        ({"where": {"carier": "UA"}}, 422, "where: there is no 'carier'; there is carrier, destination"),
        ({"where": {"carrier": 5}}, 422, "where.carrier: Input should be a valid string"),
        ({"where": {"carrier": ["UA"]}}, 422, "where.carrier: Input should be a valid string"),
        ({"where": {"origin_lat": {"a": 1}}}, 422, "where.origin_lat: Input should be a valid number"),
        ({"where": {"origin_lat": 91}}, 422, "where.origin_lat: Input should be less than or equal to 90"),
        ({"where": []}, 422, "where: "),
        (
            {"time_field": "carrier"},
            422,
            "time_field: there is no 'carrier'; there is observed_at, scheduled_at",
        ),
        ({"since": JANUARY["until"], "until": JANUARY["since"]}, 422, "the window is empty"),
        ({"since": JANUARY["since"], "until": JANUARY["since"]}, 422, "the window is empty"),
        ({"since": "2013-01-01T00:00:00"}, 422, "since: Input should have timezone info"),
        ({"bucket": "year"}, 422, "bucket: Input should be 'day', 'week' or 'month'"),
        ({"kind": "report"}, 422, "kind: Input should be 'quality', 'drift' or 'attribution_drift'"),
        ({"colour": "red"}, 422, "colour: Extra inputs are not permitted"),
        ({"version": "7"}, 404, "The model 'transit' has no version '7'; there is 1."),
        ({"model": "other"}, 404, "There is no model 'other'; there is transit."),
        ({"model": None}, 422, "model: name one, or set DEFAULT_MODEL"),
    ],
)
async def test_what_there_is_not_is_refused_with_what_there_is(
    client: httpx.AsyncClient, request_: dict[str, JsonValue], status: int, said: str
) -> None:
    response = await client.post("/evaluations", json={"model": "transit"} | request_)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert said in in_words(response)


def in_words(response: httpx.Response) -> str:
    problem = response.json()
    return "; ".join(
        [problem["detail"], *(f"{one['field']}: {one['message']}" for one in problem.get("errors", []))]
    )


@pytest.mark.parametrize(
    "body",
    [
        {"where": {"a\0": 1}},
        {"where": {"carrier": "a\0"}},
        {"slices": ["\0"]},
        {"metrics": ["\0"]},
        {"time_field": "\0"},
        {"model": "a\0"},
        {"version": "\0"},
        {"where": {"carrier": "\ud800"}},
    ],
)
async def test_text_that_cannot_be_stored_is_refused(
    client: httpx.AsyncClient, body: dict[str, JsonValue]
) -> None:
    content = json.dumps({"model": "transit"} | body)  # httpx would not send the surrogate
    headers = {"Content-Type": "application/json"}
    response = await client.post("/evaluations", content=content, headers=headers)
    assert response.status_code == 422, response.text


@pytest.mark.parametrize("number", ["9", "0", "x", "9223372036854775808"])
@pytest.mark.parametrize(("method", "then"), [("GET", ""), ("POST", "/cancel")])
async def test_a_run_that_there_is_not(
    client: httpx.AsyncClient, method: str, then: str, number: str
) -> None:
    response = await client.request(method, f"/evaluations/{number}{then}")
    assert response.status_code == (404 if number == "9" else 422)


@pytest.mark.parametrize(
    ("search", "status", "said"),
    [
        ({"metric": "accu"}, 422, "metric: there is no 'accu'; there is bias, mae, "),
        (
            {"slice": "carrier=XX"},
            422,
            "slice: there is no 'carrier=XX'; there is carrier=AA, carrier=UA, origin",
        ),
        (
            {"kind": "quantity"},
            422,
            "kind: Input should be 'quality', 'drift', 'attribution_drift' or 'report'",
        ),
        ({"model": "other"}, 404, "There is no model 'other'; there is transit."),
        ({"model": "transit", "version": "2"}, 404, "has no version '2'; there is 1."),
        ({"cursor": "x"}, 422, "cursor: pass next_cursor unchanged"),
        ({"sort": "metric"}, 422, "sort: "),
        ({"at_least": "nan"}, 422, "at_least: Input should be a finite number"),
        ({"at_most": "1e999"}, 422, "at_most: Input should be a finite number"),
        (
            {"finished_since": JANUARY["until"], "finished_until": JANUARY["since"]},
            422,
            "finished_until: must be after finished_since",
        ),
        ({"since": JANUARY["since"]}, 422, "since: there is no such parameter; there is at_least, at_most, "),
        ({"limit": "100000"}, 422, "limit: "),
        ({"format": "xml"}, 422, "format: Input should be 'json' or 'csv'"),
        ({"metric": "\0"}, 422, "metric: text must not contain U+0000"),
        ({"slice": "\0"}, 422, "slice: text must not contain U+0000"),
        ({"bucket": "\0"}, 422, "bucket: text must not contain U+0000"),
        ({"model": "\0"}, 422, "model: "),
        ({"version": "\0"}, 422, "version: "),
        ({"cursor": "\0"}, 422, "cursor: "),
    ],
)
async def test_a_search_that_cannot_be(
    client: httpx.AsyncClient, search: dict[str, str], status: int, said: str
) -> None:
    response = await client.get("/evaluations/metrics", params=search)
    assert response.status_code == status, response.text
    assert said in in_words(response)


@pytest.mark.parametrize(
    "search", [{}, {"a": "1"}, {"a": "1", "b": "0"}, {"a": "1", "b": "2", "metrics": "mae"}]
)
async def test_a_comparison_that_cannot_be(client: httpx.AsyncClient, search: dict[str, str]) -> None:
    response = await client.get("/evaluations/compare", params=search)
    assert response.status_code == 422, response.text


@pytest.mark.parametrize(
    ("search", "status", "said"),
    [
        ({"state": "lost"}, 422, "state: Input should be 'queued', "),
        (
            {"kind": "quantity"},
            422,
            "kind: Input should be 'quality', 'drift', 'attribution_drift' or 'report'",
        ),
        ({"cursor": "x"}, 422, "cursor: pass next_cursor unchanged"),
        ({"limit": "0"}, 422, "limit: "),
        ({"model": "other"}, 404, "There is no model 'other'; there is transit."),
        ({"model": "transit", "version": "2"}, 404, "has no version '2'; there is 1."),
        ({"metric": "mae"}, 422, "metric: there is no such parameter; there is cursor, kind, limit, model, "),
    ],
)
async def test_a_list_that_cannot_be(
    client: httpx.AsyncClient, search: dict[str, str], status: int, said: str
) -> None:
    response = await client.get("/evaluations", params=search)
    assert response.status_code == status, response.text
    assert said in in_words(response)
