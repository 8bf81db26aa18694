"""Query parameters that a route does not have."""

import httpx
import pytest

RECORDS = "there is no such parameter; there is cursor, limit, prefix"
PREDICT = "there is no such parameter; there is explain, model, refresh, version"
IMPORT = (
    "there is no such parameter; there is delimiter, dry_run, format, id_column, ignore, label_column, "
    "rename, skip_bad"
)
TWICE = "is given more than once"
NONE = "there is no such parameter; this request takes none"


@pytest.mark.parametrize(
    ("method", "url", "faults"),
    [
        ("GET", "/records?limit=1&colour=red", {"colour": RECORDS}),
        ("GET", "/records?Limit=1", {"Limit": RECORDS}),
        ("GET", "/records?limit=1&limit=1&cursor=", {"limit": TWICE}),
        ("GET", "/records?prefix=&prefix=", {"prefix": TWICE}),
        ("GET", "/records?a=1&a=2", {"a": RECORDS}),
        ("GET", "/records?=", {"": RECORDS}),
        ("GET", "/records?a%00b&x=1", {"a\0b": RECORDS, "x": RECORDS}),
        ("GET", "/models/none?x", {"x": NONE}),
        ("POST", "/predict/a?inputs=1", {"inputs": PREDICT}),
        ("POST", "/predict?model=m", {"model": NONE}),
        ("POST", "/records/import?rename=a=b&rename=c=d&format=csv&format=csv", {"format": TWICE}),
        ("POST", "/records/import?ignore=a&ignore=b&skip-bad=1", {"skip-bad": IMPORT}),
    ],
)
async def test_what_there_is_not_is_named(
    client: httpx.AsyncClient, method: str, url: str, faults: dict[str, str]
) -> None:
    response = await client.request(method, url)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert {one["field"]: one["message"] for one in response.json()["errors"]} == faults


async def test_an_empty_query_is_none(client: httpx.AsyncClient) -> None:
    assert (await client.get("/records?")).status_code == 200


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("/predictions?computed_since=2024-01-01T00:00:00+01:00", "computed_since"),
        ("/predictions?limit=1&computed_until=2024-01-01T00:00:00+0100", "computed_until"),
        ("/evaluations/metrics?at_least=1e+x", "at_least"),
        ("/records?limit=+1x", "limit"),
    ],
)
async def test_a_plus_is_said_to_be_a_blank(client: httpx.AsyncClient, url: str, field: str) -> None:
    response = await client.get(url)
    assert response.status_code == 422
    [fault] = response.json()["errors"]
    assert fault["field"] == field
    assert fault["message"].endswith("; in a URL + is a blank: write %2B")
    escaped = await client.get(url.replace("+", "%2B"))
    assert "%2B" not in escaped.text


async def test_other_faults_are_not_said_to_be_of_a_plus(client: httpx.AsyncClient) -> None:
    response = await client.get("/predictions?record_id=a+b&computed_since=2024-01-01")
    assert response.status_code == 422
    assert "%2B" not in response.text
