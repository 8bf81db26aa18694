"""The pages of evaluations: what was found, as it was; what is undefined says why; asking for a run."""

import re
from html import unescape

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue

from app.schemas.evaluations.runs import Evaluation
from app.services.records import labels, records
from tests.support.aws_stub import AwsStub
from tests.support.browsers import headers_of
from tests.support.html import Html, fields_of, text_of
from tests.support.judged_orders import evaluate, store_judged_orders
from tests.support.orders import answer_ten_times, order, register
from tests.support.use_case import TRANSIT

PAGE = "/dashboard/evaluations"
HOSTILE = "<img src=x onerror=alert(1)>&amp;\"'\u202e\u05d0"
JULY: dict[str, JsonValue] = {"since": "2013-01-01T00:00:00Z", "until": "2013-03-01T00:00:00Z"}


@pytest.fixture(autouse=True)
async def judged(app: FastAPI, client: httpx.AsyncClient, aws: AwsStub) -> None:
    """The live version 1, and 2, which answers the same; orders with truths, one of a strange carrier."""
    aws.respond = answer_ten_times
    await register(client, "1")
    await register(client, "2", promote=False)
    sessions = app.state.runtime.database.transactions
    await store_judged_orders(sessions)
    await records.put(sessions, TRANSIT, "strange", order(3.0, carrier=HOSTILE))
    await labels.put_label(sessions, TRANSIT, "strange", 31.0)


async def run(app: FastAPI, **asked: JsonValue) -> Evaluation:
    return await evaluate(app.state.runtime, None, **asked)


async def said(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    """What is said on a page, of which nothing that was given is markup."""
    answer = await client.get(f"{PAGE}{path}")
    assert answer.status_code == status, answer.text
    assert "<img" not in answer.text
    return text_of(answer)


async def test_before_the_first_run_it_is_said_what_to_type(client: httpx.AsyncClient) -> None:
    assert "Nothing was evaluated yet. python -m app evaluate run" in await said(client, "")
    told = await said(client, "/over-time")
    assert "transit was not evaluated yet. python -m app evaluate run --model transit" in told
    assert "No run is like that." in await said(client, "?state=failed&model=&kind=")


async def test_a_run_tells_all_that_it_found(app: FastAPI, client: httpx.AsyncClient) -> None:
    found = await run(app, bucket="month")
    listed = await said(client, "?model=transit&version=1&state=done&kind=quality")
    assert re.search(
        r"1 transit 1 done quality all records, by month mae 1\.\d\d \([\d.]+ to 1\.81\)", listed
    )
    told = await said(client, f"/{found.id}")
    for words in (
        "31 of 41 records predicted; 31 have a truth (75.6%); 0 failed",
        "bias 1.58",
        "lower is better",
        f"r2 carrier={HOSTILE} fewer than two rows 1",  # undefined, and why
    ):
        assert words in told, told
    answer = await client.get(f"{PAGE}/{found.id}?metric=r2")
    figures = unescape(answer.text)
    assert "undefined: fewer than two rows" in figures
    assert "2013-01" in figures


async def test_the_data_of_a_run_is_one_click_away(app: FastAPI, client: httpx.AsyncClient) -> None:
    found = await run(app)
    data = await client.get(f"{PAGE}/{found.id}/data?format=json")
    assert data.json() == (await client.get(f"/evaluations/{found.id}")).json()
    table = await client.get(f"{PAGE}/{found.id}/data?format=csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert len(table.text.splitlines()) == 1 + len(found.metrics)
    history = await client.get(f"{PAGE}/metrics?model=transit&metric=mae&slice=&bucket=&format=csv")
    asked = "model=transit&metric=mae&slice=&bucket=&format=csv&limit=10000"
    assert history.text == (await client.get(f"/evaluations/metrics?{asked}")).text


async def test_versions_are_shown_over_one_window(app: FastAPI, client: httpx.AsyncClient) -> None:
    await run(app, bucket="month")
    second = await run(app, version="2", bucket="month")
    told = await said(client, "/over-time?model=transit&metric=mae")
    assert "Window: all records. The newest run of each version on it." in told
    assert "mae (lower is better) by month" in told
    assert "Dotted" not in told
    other = await run(app, version="2", **JULY)
    told = await said(client, "/over-time?model=transit")
    assert "No run on it: version 1." in told
    assert "Dotted: the runs are of different windows" in told
    assert "This run has no buckets of time" in told
    told = await said(client, f"/over-time?model=transit&like={second.id}")
    assert "No run on it" not in told
    assert other.id > second.id
    await said(client, "/over-time?model=nobody", 404)
    await said(client, "/over-time?like=999", 404)


async def test_two_are_compared_by_runs_and_by_versions(app: FastAPI, client: httpx.AsyncClient) -> None:
    first, second = await run(app, bucket="month"), await run(app, version="2", bucket="month")
    for path in (f"?a={first.id}&b={second.id}", "?model=transit&version_a=1&version_b=2&metric=bias"):
        told = await said(client, f"/compare/part{path}")
        assert "Version 2 is the same on 5 of 5 metrics." in told
        assert "on the 31 records that both judged: all records" in told
        assert "by carrier: version 2 less version 1" in told
    data = f"{PAGE}/compare/data?a={first.id}&b={second.id}&metric=mae&format="
    answer = (await client.get(f"{data}json")).json()
    asked = f"/evaluations/compare?a={first.id}&b={second.id}&metric=mae"
    assert answer == (await client.get(asked)).json()
    assert len((await client.get(f"{data}csv")).text.splitlines()) == 1 + len(answer["metrics"])


async def test_what_cannot_be_compared_says_why(app: FastAPI, client: httpx.AsyncClient) -> None:
    await run(app)
    told = await said(client, "/compare/part?model=transit&version_a=1&version_b=2")
    assert "no finished evaluations of the versions '1' and '2' of 'transit' on the same window" in told
    told = await said(client, "/compare/part?model=transit&version_a=1&version_b=1")
    assert "b : must be another version" in told
    assert "There is no evaluation 999." in await said(client, "/compare/part?a=1&b=999")
    asked = await client.get(f"{PAGE}/compare?model=transit&version_a=1&version_b=2&metric=mae")
    [part, *_] = Html(asked.text).all("div", "data-refresh")
    assert part == f"{PAGE}/compare/part?model=transit&version_a=1&version_b=2&metric=mae"


async def test_who_is_to_confirm_is_told_how_the_versions_compare(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    asked = await client.get("/dashboard/models/transit/promote?version=2")
    [part, *_] = Html(asked.text).all("div", "data-refresh")
    unknown = text_of(await client.get(part))
    assert "Not known: There are no finished evaluations" in unknown
    assert "python -m app evaluate run --model transit --version 2" in unknown
    await run(app), await run(app, version="2")
    assert "Version 2 is the same on 5 of 5 metrics." in text_of(await client.get(part))


async def test_a_run_is_asked_for_once_however_often_the_form_is_sent(client: httpx.AsyncClient) -> None:
    fields = fields_of(await client.get(f"{PAGE}/new?model=transit&version=2"))
    asked = fields | {"since": "2013-01-01", "where": '{"carrier": "UA"}', "bucket": "month"}
    first, again = [await client.post(PAGE, data=asked) for _ in range(2)]
    assert (first.status_code, first.headers["location"]) == (303, again.headers["location"])
    told = text_of(await client.get(first.headers["location"]))
    assert 'from 2013-01-01; carrier is "UA", by month' in told
    assert "It waits for a worker." in told
    number = first.headers["location"].rpartition("/")[2]
    request = (await client.get(f"/evaluations/{number}")).json()["request"]
    assert (request["version"], request["metrics"]) == ("2", [*TRANSIT.metrics])
    part = await client.get(f"{PAGE}/{number}/part")
    assert part.text.lstrip().startswith('<div id="run" data-refresh="')
    stopped = await client.post(f"{PAGE}/{number}/cancel", data={"sure": "yes"})
    assert stopped.headers["location"] == first.headers["location"]
    assert "data-refresh" not in (await client.get(f"{PAGE}/{number}/part")).text


MISFITS: tuple[tuple[dict[str, str], str], ...] = (
    ({"since": "yesterday"}, "since : "),
    ({"since": "2013-02-01", "until": "2013-01-01"}, "the window is empty"),
    ({"where": "[1"}, 'where : must be a JSON object, such as {"carrier": "UA"}'),
    ({"where": '{"<img>": 1}'}, "<img>"),
    ({"bucket": "year"}, "bucket : "),
    ({"kind": "drift"}, "reference_since : "),
    ({"version": "9"}, "has no version '9'"),
    ({"metrics.nonsense": "yes"}, "nonsense"),
)


async def test_what_does_not_fit_is_said_in_the_form(client: httpx.AsyncClient) -> None:
    fields = fields_of(await client.get(f"{PAGE}/new?model=transit"))
    for changed, words in MISFITS:
        answer = await client.post(PAGE, data=fields | changed)
        assert answer.status_code in (404, 422), answer.text
        assert words in text_of(answer)
        assert "<img" not in answer.text
        kept = fields_of(answer)
        assert all(kept[name] == value for name, value in changed.items() if name in ("since", "where"))


async def test_who_may_only_read_asks_for_nothing_and_who_is_bound_sees_its_own(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    found = await run(app)
    reader = await headers_of(app, "reader", "read")
    bound = await headers_of(app, "bound", "read", "predict", record_prefix="acme/")
    other = await headers_of(app, "other", "read", models={"other"})
    for headers, status in ((reader, 200), (bound, 404), (other, 404)):
        for path in (f"/{found.id}", f"/{found.id}/part", f"/{found.id}/data"):
            assert (await client.get(f"{PAGE}{path}", headers=headers)).status_code == status, path
        listed = text_of(await client.get(PAGE, headers=headers))
        assert ("quality" in listed and "1.58" in listed) is (status == 200)
        assert ("Evaluate …" in listed) is (headers == bound)
    refused = await client.post(PAGE, data={"kind": "quality"}, headers=reader)
    assert refused.status_code == 403
