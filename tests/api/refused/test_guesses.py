"""Times and numbers in requests whose meaning would be a guess."""

import httpx
import pytest
from pydantic import JsonValue

pytestmark = pytest.mark.asyncio(loop_scope="session")

TIME = "must be a time such as 2024-02-29T15:30:00Z; what a number stands for would be a guess"
DIGITS = "must be a number of the digits 0 to 9, with nothing between them"
JOBS = "/prediction-jobs"
ORIGIN = "where.origin_lat"
DECIMALS = "98765432109876543.21 has more digits than a number keeps: give it as text"


@pytest.mark.parametrize(
    ("url", "field", "said"),
    [
        ("/predictions?computed_since=20231105", "computed_since", TIME),
        ("/predictions?computed_until=1700000000.5", "computed_until", TIME),
        ("/evaluations/metrics?finished_since=202402291530", "finished_since", TIME),
        ("/evaluations/metrics?at_least=1_0", "at_least", DIGITS),
        ("/evaluations/metrics?limit=1_0", "limit", DIGITS),
        ("/records?limit=1_0", "limit", DIGITS),
        ("/evaluations/1_0", "evaluation_id", DIGITS),
        ("/predictions/1_0", "prediction_id", DIGITS),
        ("/evaluations/compare?a=1_0&b=1", "a", DIGITS),
    ],
)
async def test_in_a_url(client: httpx.AsyncClient, url: str, field: str, said: str) -> None:
    response = await client.get(url)
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": field, "message": said}]


@pytest.mark.parametrize(
    ("method", "url", "body", "field", "said"),
    [
        ("PUT", "/records/a/label", '{"value": 1, "observed_at": 1700000000}', "observed_at", TIME),
        ("PUT", "/records/a/label", '{"value": true}', "value", "must be a number; true and false are none"),
        ("PUT", "/records/a/label", '{"value": "1_234"}', "value", DIGITS),
        ("POST", "/evaluations", '{"version": "1", "since": 20231105}', "since", TIME),
        ("POST", "/evaluations", '{"version": "1", "until": "20231105"}', "until", TIME),
        ("POST", "/evaluations", '{"where": {"origin_lat": 98765432109876543.21}}', ORIGIN, DECIMALS),
        ("POST", JOBS, '{"since": "20231105"}', "since", TIME),
        ("POST", JOBS, '{"where": {"scheduled_at": 20231105}}', "where.scheduled_at", TIME),
        ("POST", JOBS, '{"where": {"origin_lat": true}}', ORIGIN, None),
        ("POST", JOBS, '{"where": {"origin_lat": [98765432109876543.21]}}', ORIGIN, DECIMALS),
    ],
)  # fmt: skip
async def test_in_a_body(
    client: httpx.AsyncClient, method: str, url: str, body: str, field: str, said: JsonValue
) -> None:
    headers = {"content-type": "application/json"}
    response = await client.request(method, url, content=body, headers=headers)
    assert response.status_code == 422
    [fault] = response.json()["errors"]
    assert (fault["field"], fault["message"]) == (field, said or "must be a number; true and false are none")
