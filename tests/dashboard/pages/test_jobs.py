"""Jobs on pages: started, watched, cancelled, resumed."""

from collections.abc import Sequence

import httpx
import pytest
from fastapi import FastAPI

from app.db.jobs import jobs as job_rows
from app.services.browsing import jobs as browsing
from app.services.jobs import chunks
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub
from tests.support.html import Html, page_of
from tests.support.jobs import queued
from tests.support.operations import operate
from tests.support.orders import answer_ten_times, register, store


@pytest.fixture(autouse=True)
async def _orders(aws: AwsStub, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A live model, seven orders, and chunks of three."""
    aws.respond = answer_ten_times
    monkeypatch.setattr(job_rows, "RECORDS_PER_CHUNK", 3)
    await register(client)
    await store(client, {f"r{index}": float(index) for index in range(7)})


@pytest.fixture
def runtime(app: FastAPI) -> Runtime:
    runtime: Runtime = app.state.runtime
    return runtime


async def form_of(client: httpx.AsyncClient, **entered: str) -> dict[str, str]:
    """The form that starts a job, as it is shown."""
    hidden = page_of(await client.get("/dashboard/jobs")).fields()["once"]
    return {"once": hidden, "choice": "transit", "records": "all"} | entered


async def start(client: httpx.AsyncClient, **entered: str) -> str:
    """A job's path."""
    answer = await client.post("/dashboard/jobs", data=await form_of(client, **entered))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def work(runtime: Runtime, chunk_ids: Sequence[int] | None = None) -> None:
    for chunk_id in await queued(runtime.sessions) if chunk_ids is None else chunk_ids:
        await chunks.run(runtime, chunk_id)


def refreshed(shown: Html) -> list[str]:
    return shown.all("div", "data-refresh")


async def test_without_any_it_says_what_to_type(client: httpx.AsyncClient) -> None:
    for kind, command in (
        ("jobs", "app jobs start --all"),
        ("evaluations", "app evaluate run"),
        ("operations", "curl"),
    ):
        shown = page_of(await client.get("/dashboard/jobs", params={"show": kind}))
        assert command in shown.text
        assert refreshed(shown) == []


async def test_a_job_is_watched_to_its_end(client: httpx.AsyncClient, runtime: Runtime) -> None:
    path = await start(client)
    waits = page_of(await client.get(path))
    assert "No worker is alive" in waits.text
    assert refreshed(waits) == [f"{path}/live"]
    [first, *others] = await queued(runtime.sessions)
    await work(runtime, [first])
    part = page_of(await client.get(f"{path}/live"))
    assert "3 of 7" in part.text
    assert part.tags[0][0] == "div"
    assert refreshed(part) == [f"{path}/live"]
    await work(runtime, others)
    done = page_of(await client.get(f"{path}/live"))
    assert "done" in done.text
    assert "7 of 7" in done.text
    assert refreshed(done) == []
    assert f"{path}/cancel" not in done.all("form", "action")
    for form, kind in (("csv", "text/csv"), ("ndjson", "application/x-ndjson")):
        results = await client.get(f"{path}/results.{form}")
        assert results.headers["content-type"].startswith(kind)
        assert results.text.count("\n") == 7 + (form == "csv")


async def test_it_is_cancelled_and_goes_on(client: httpx.AsyncClient, runtime: Runtime) -> None:
    path = await start(client)
    cancelled = await client.post(f"{path}/cancel")
    assert cancelled.headers["location"] == f"{path}?done=cancelled"
    shown = page_of(await client.get(cancelled.headers["location"]))
    assert "The job is cancelled." in shown.text
    assert refreshed(shown) == []
    assert "has ended: it is cancelled" in page_of(await client.post(f"{path}/cancel"), 409).text
    resumed = await client.post(f"{path}/resume")
    assert "The job goes on" in page_of(await client.get(resumed.headers["location"])).text
    await work(runtime)
    assert "7 of 7" in page_of(await client.get(path)).text


async def test_what_failed_is_told_by_record_and_cause(client: httpx.AsyncClient, runtime: Runtime) -> None:
    path = await start(client, records="ids", ids="r1\r\n<b>\nx/2")
    await work(runtime)
    shown = page_of(await client.get(path))
    assert "Not found 2" in shown.text
    assert "<b>" in shown.text
    assert "/dashboard/records/x%2F2" in shown.all("a", "href")
    assert "b" not in [tag for tag, _ in shown.tags]


async def test_a_form_that_is_sent_twice_starts_one_job(client: httpx.AsyncClient) -> None:
    form = await form_of(client)
    one, again = [await client.post("/dashboard/jobs", data=form) for _ in range(2)]
    assert one.headers["location"] == again.headers["location"]
    assert await start(client) != one.headers["location"]


async def test_a_filter_chooses(client: httpx.AsyncClient) -> None:
    path = await start(client, records="filter", where="carrier=UA\nrecent_transit_ratio=2.0")
    shown = page_of(await client.get(path))
    assert "0 of 1" in shown.text
    assert "those that fit" in shown.text


async def test_what_is_wrong_with_a_form_is_told_beside_it(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/dashboard/jobs", data=await form_of(client, records="filter", where="carier=<UA>")
    )
    shown = page_of(answer, 422)
    assert "there is no 'carier'" in shown.text
    assert "carier=<UA>" in shown.text
    assert answer.headers["x-request-id"] in shown.text


async def test_evaluations_are_watched_and_cancelled(client: httpx.AsyncClient) -> None:
    await client.post("/evaluations", json={"model": "transit"})
    shown = page_of(await client.get("/dashboard/jobs?show=evaluations"))
    assert refreshed(shown) == ["/dashboard/jobs/live?show=evaluations"]
    [cancel] = [one for one in shown.all("form", "action") if one.endswith("/cancel")]
    answer = await client.post(cancel)
    ended = page_of(await client.get(answer.headers["location"]))
    assert "cancelled" in ended.text
    assert refreshed(ended) == []


async def test_operations_are_watched_to_their_end(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await client.post("/predict/r1?model=transit", headers={"Prefer": "respond-async"})
    waits = page_of(await client.get("/dashboard/jobs/live?show=operations"))
    assert "queued" in waits.text
    assert refreshed(waits) != []
    await operate(runtime)
    done = page_of(await client.get("/dashboard/jobs/live?show=operations"))
    assert "done 10.0" in done.text
    assert refreshed(done) == []
    assert "/dashboard/records/r1" in done.all("a", "href")


async def test_long_lists_are_pages(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "AT_ONCE", 1)
    for _ in range(3):
        answer = await client.post("/prediction-jobs", json={"ids": ["r1"], "model": "transit"})
        assert answer.status_code == 202
    first = page_of(await client.get("/dashboard/jobs"))
    [following] = [one for one in first.all("a", "href") if "cursor=" in one]
    second = page_of(await client.get(f"/dashboard/jobs{following}"))
    assert [one for one in second.all("a", "href") if one.startswith("/dashboard/jobs/")] == [
        "/dashboard/jobs/2"
    ]
    assert refreshed(second) == [f"/dashboard/jobs/live{following}"]
