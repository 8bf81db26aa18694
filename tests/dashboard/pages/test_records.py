"""Records on pages: found, looked at, predicted, judged and deleted."""

from urllib.parse import quote

import httpx
import pytest

from tests.support.aws_stub import AwsStub, model_error
from tests.support.html import page_of
from tests.support.orders import answer_ten_times, order, register, store

LEGAL = ("kg/s", "<b>bold</b>", "🚚 7", "%2F", "a/label", "x" * 200, "';--", "?q=#1", "a&b", '"')


@pytest.fixture(autouse=True)
async def _model(aws: AwsStub, client: httpx.AsyncClient) -> None:
    aws.respond = answer_ten_times
    await register(client)


async def test_an_empty_database_says_what_to_type(client: httpx.AsyncClient) -> None:
    shown = page_of(await client.get("/dashboard/records"))
    assert "There are no records yet." in shown.text
    assert "python -m app records import" in shown.text


async def test_it_is_found_by_its_id_and_by_how_that_begins(client: httpx.AsyncClient) -> None:
    await store(client, {"kg": 1.0, "kg/s": 1.5, "other": 2.0})
    exact = await client.get("/dashboard/records", params={"q": "kg"})
    assert (exact.status_code, exact.headers["location"]) == (303, "/dashboard/records/kg")
    begins = page_of(await client.get("/dashboard/records", params={"q": "kg", "begins": "true"}))
    assert [one for one in begins.all("a", "href") if "/records/" in one] == [
        "/dashboard/records/kg",
        "/dashboard/records/kg%2Fs",
    ]
    none = page_of(await client.get("/dashboard/records", params={"q": "<i>"}))
    assert "There is no record whose id is “<i>”" in none.text


async def test_any_legal_id_has_its_page(client: httpx.AsyncClient) -> None:
    await store(client, {record_id: 1.5 + number for number, record_id in enumerate(LEGAL)})
    for record_id in LEGAL:
        found = await client.get("/dashboard/records", params={"q": record_id})
        shown = page_of(await client.get(found.headers["location"]))
        assert record_id in shown.text
        assert "b" not in [tag for tag, _ in shown.tags]
        own = quote(record_id, safe="")
        predicted = page_of(await client.post(f"/dashboard/predict/{own}", data={"choice": "transit"}))
        assert "MISS" in predicted.text
        assert f"/dashboard/truth/{own}" in predicted.all("form", "action")


async def test_long_lists_are_pages(client: httpx.AsyncClient) -> None:
    await store(client, {f"r{number:03}": 1.0 for number in range(60)})
    first = page_of(await client.get("/dashboard/records"))
    [following] = [one for one in first.all("a", "href") if "cursor=" in one]
    second = page_of(await client.get(f"/dashboard/records{following}"))
    assert "r049" in first.text
    assert "r050" not in first.text
    assert [one for one in second.all("a", "href") if "/records/" in one] == [
        f"/dashboard/records/r{number:03}" for number in range(50, 60)
    ]


async def test_a_click_predicts_and_shows_the_stages(client: httpx.AsyncClient) -> None:
    await store(client, {"a": 1.5})
    miss = page_of(await client.post("/dashboard/predict/a", data={"choice": "transit/1"}))
    assert "MISS 15.0" in miss.text
    for stage in ("lookup", "claim", "preprocess", "inference", "postprocess", "store"):
        assert stage in miss.text
    hit = page_of(await client.post("/dashboard/predict/a", data={"choice": "transit"}))
    assert "HIT 15.0" in hit.text
    assert "nothing was inferred" in hit.text
    anew = page_of(await client.post("/dashboard/predict/a", data={"choice": "transit", "refresh": "on"}))
    assert "MISS 15.0" in anew.text
    shown = page_of(await client.get("/dashboard/records/a"))
    assert "superseded" in shown.text
    assert "current" in shown.text


async def test_where_a_form_went_to_is_a_page_as_well(client: httpx.AsyncClient) -> None:
    answer = await client.get("/dashboard/predict/kg%2Fs")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/records/kg%2Fs")


async def test_a_fault_is_the_problem_that_it_is(client: httpx.AsyncClient, aws: AwsStub) -> None:
    await store(client, {"a": 1.5})
    aws.respond = lambda request: model_error(500, "away")
    answer = await client.post("/dashboard/predict/a", data={"choice": "transit"})
    shown = page_of(answer, answer.status_code)
    assert answer.status_code in (502, 503)
    assert f"Request {answer.headers['x-request-id']}" in shown.text
    assert "backend" in shown.text
    unknown = page_of(await client.post("/dashboard/predict/a", data={"choice": "nosuch"}), 404)
    assert "There is no model 'nosuch'" in unknown.text
    bad = page_of(await client.post("/dashboard/predict/a", data={"choice": "no such"}), 422)
    assert "This is no version." in bad.text


async def test_the_truth_comes_and_goes(client: httpx.AsyncClient) -> None:
    await store(client, {"a": 1.5})
    await client.post("/dashboard/predict/a", data={"choice": "transit"})
    put = await client.post(
        "/dashboard/truth/a", data={"value": "12.5", "observed_at": "2024-02-29T15:30:00Z"}
    )
    assert (put.status_code, put.headers["location"]) == (303, "/dashboard/records/a?done=truth")
    shown = page_of(await client.get(put.headers["location"]))
    assert "The truth is set." in shown.text
    assert "+2.50" in shown.text
    assert "2024-02-29T15:30:00.000Z" in shown.all("time", "datetime")
    gone = await client.post("/dashboard/truth-removal/a", data={})
    assert "Not known yet" in page_of(await client.get(gone.headers["location"])).text


async def test_what_is_no_truth_is_told_beside_the_form(client: httpx.AsyncClient) -> None:
    await store(client, {"a": 1.5})
    for said, fault in (
        ({"value": " "}, "value: is empty"),
        ({"value": "soon"}, "value: "),
        ({"value": "1", "observed_at": "yesterday"}, "observed_at: "),
    ):
        shown = page_of(await client.post("/dashboard/truth/a", data=said), 422)
        assert fault in shown.text.replace(" :", ":")
        assert shown.fields()["value"] == said["value"]


async def test_a_record_is_deleted_as_it_was_seen(client: httpx.AsyncClient) -> None:
    await store(client, {"a": 1.5})
    await client.post("/dashboard/predict/a", data={"choice": "transit"})
    seen = page_of(await client.get("/dashboard/records/a")).fields()["content_hash"]
    await client.put("/records/a", json=order(2.0))
    late = await client.post("/dashboard/record-removal/a", data={"content_hash": seen})
    assert "has changed since it was shown" in page_of(late, 412).text
    seen = page_of(await client.get("/dashboard/records/a")).fields()["content_hash"]
    gone = await client.post("/dashboard/record-removal/a", data={"content_hash": seen})
    assert "The record was deleted" in page_of(await client.get(gone.headers["location"])).text
    left = page_of(await client.get("/dashboard/records/a"))
    assert "This record was deleted." in left.text
    assert "15.0" in left.text
    assert "/dashboard/predict/a" not in left.all("form", "action")
