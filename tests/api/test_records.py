"""Records over HTTP: every route, every kind of id, conditions, and what is refused."""

import asyncio
from urllib.parse import quote

import httpx
import pytest
from pydantic import JsonValue

from app.core.settings import Settings
from tests.support.orders import order

IDS = [
    *("plain", "kg/s", "a/label", "a%2Fb", "50%", "a+b", "a b", "é", "🚚", "日本/語"),
    *("?q=1#f", "x;y=1", "a//b", "/first", "last/", "label", "import", "a\\b", "'\"", "..a", "x" * 200),
]


@pytest.fixture
def settings_change() -> dict[str, JsonValue]:
    return {}


@pytest.fixture
def settings(settings: Settings, settings_change: dict[str, JsonValue]) -> Settings:
    return settings.model_copy(update=settings_change)


def at(record_id: str, *, then: str = "") -> str:
    return f"/records/{quote(record_id, safe='')}{then}"


def fields(response: httpx.Response) -> list[str]:
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return [fault["field"] for fault in response.json()["errors"]]


@pytest.mark.parametrize("record_id", IDS)
async def test_any_id_goes_through_every_route(client: httpx.AsyncClient, record_id: str) -> None:
    created = await client.put(at(record_id), json=order())
    assert (created.status_code, created.json()["id"]) == (201, record_id)
    assert (await client.get(created.headers["Location"])).json() == created.json()
    assert (await client.post("/records", json={"id": record_id, "input": order(2)})).status_code == 200
    labelled = await client.put(at(record_id, then="/label"), json={"value": 12})
    assert labelled.status_code == 200, labelled.text
    stored = (await client.get(at(record_id))).json()
    assert (stored["id"], stored["input"]) == (record_id, order(2.0))
    assert stored["label"] == labelled.json()
    assert [item["id"] for item in (await client.get("/records")).json()["items"]] == [record_id]
    assert (await client.delete(at(record_id))).status_code == 204
    assert (await client.get(at(record_id))).status_code == 404


async def test_a_plain_slash_works_too(client: httpx.AsyncClient) -> None:
    await client.put("/records/kg/s", json=order())
    assert (await client.put("/records/kg/s/label", json={"value": 1})).status_code == 200
    assert (await client.get("/records/kg%2Fs")).json()["label"]["value"] == 1


async def test_put_creates_then_changes_nothing_then_replaces(client: httpx.AsyncClient) -> None:
    first, again, other = [await client.put("/records/a", json=order(ratio)) for ratio in (1.5, 1.5, 2.5)]
    assert [response.status_code for response in (first, again, other)] == [201, 200, 200]
    assert first.json() == again.json()
    assert first.headers["ETag"] == again.headers["ETag"] == f'"{first.json()["content_hash"]}"'
    assert other.headers["ETag"] != first.headers["ETag"]
    assert other.json()["created_at"] == first.json()["created_at"] < other.json()["updated_at"]
    assert (await client.get("/records/a")).json() == other.json()


async def test_one_posted_record(client: httpx.AsyncClient) -> None:
    body: dict[str, JsonValue] = {"id": "a b", "input": order()}
    created, again = [await client.post("/records", json=body) for _ in range(2)]
    assert (created.status_code, again.status_code) == (201, 200)
    assert created.headers["Location"] == "/records/a%20b"
    assert created.headers["ETag"] == f'"{created.json()["content_hash"]}"'
    assert created.json() == again.json()


async def test_a_list_answers_each_item_in_order(client: httpx.AsyncClient) -> None:
    await client.post("/records", json=[{"id": "z", "input": order(1)}, {"id": "b", "input": order(1)}])
    items = [{"id": key, "input": order(ratio)} for key, ratio in (("z", 1), ("c", 1), ("b", 2), ("a", 1))]
    response = await client.post("/records", json=items)
    assert response.status_code == 200
    assert [(item["id"], item["status"]) for item in response.json()["items"]] == [
        ("z", "unchanged"),
        ("c", "created"),
        ("b", "updated"),
        ("a", "created"),
    ]
    stored = (await client.get("/records/b")).json()
    assert (stored["content_hash"], stored["input"]) == (
        response.json()["items"][2]["content_hash"],
        order(2.0),
    )
    assert (await client.post("/records", json=[])).json() == {"items": []}


async def test_one_bad_item_and_nothing_is_stored(client: httpx.AsyncClient) -> None:
    bad = [
        {"id": "a", "input": order()},
        {"id": "b", "input": order(origin_lat=91, oops=1)},
        {"id": "c", "input": order(carrier=None)},
        {"id": "a", "input": order()},
    ]
    assert fields(await client.post("/records", json=bad)) == [
        "items[1].input.origin_lat",
        "items[1].input.oops",
        "items[2].input.carrier",
        "items[3].id",
    ]
    assert (await client.get("/records")).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("settings_change", [{"max_batch": 2}])
async def test_a_list_that_is_too_long(client: httpx.AsyncClient) -> None:
    items = [{"id": key, "input": order()} for key in "abc"]
    assert (await client.post("/records", json=items)).status_code == 422
    assert (await client.post("/records", json=items[:2])).status_code == 200


async def test_if_match(client: httpx.AsyncClient) -> None:
    async def put(ratio: float, tag: str) -> int:
        return (await client.put("/records/a", json=order(ratio), headers={"If-Match": tag})).status_code

    assert await put(1, "*") == 412
    first = (await client.put("/records/a", json=order(1))).headers["ETag"]
    assert await put(2, '"other"') == 412
    assert await put(2, f"W/{first}") == 412
    assert await put(2, first.strip('"')) == 422
    assert (await client.get("/records/a")).headers["ETag"] == first
    assert await put(2, f'"other", {first}') == 200
    assert await put(3, first) == 412
    assert await put(3, "*") == 200


async def test_if_none_match_on_a_write_creates_only(client: httpx.AsyncClient) -> None:
    only_new = {"If-None-Match": "*"}
    answers = [await client.put("/records/a", json=order(ratio), headers=only_new) for ratio in (1, 2)]
    assert [answer.status_code for answer in answers] == [201, 412]
    assert (await client.get("/records/a")).json() == answers[0].json()


async def test_if_none_match_on_a_read(client: httpx.AsyncClient) -> None:
    tag = (await client.put("/records/a", json=order())).headers["ETag"]
    for header in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        same = await client.get("/records/a", headers={"If-None-Match": header})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    assert (await client.get("/records/a", headers={"If-None-Match": '"x"'})).status_code == 200


async def test_delete(client: httpx.AsyncClient) -> None:
    tag = (await client.put("/records/a", json=order())).headers["ETag"]
    await client.put("/records/a/label", json={"value": 1})
    assert (await client.delete("/records/a", headers={"If-Match": '"x"'})).status_code == 412
    gone = await client.delete("/records/a", headers={"If-Match": tag})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await client.delete("/records/a")).status_code == 404
    await client.put("/records/a", json=order())
    assert (await client.get("/records/a")).json()["label"] is None


@pytest.mark.parametrize("condition", ["If-Match", "If-None-Match"])
async def test_of_twenty_writers_under_one_condition_one_wins(
    client: httpx.AsyncClient, condition: str
) -> None:
    tag = "*"
    if condition == "If-Match":
        tag = (await client.put("/records/a", json=order(0.5))).headers["ETag"]
    writes = [client.put("/records/a", json=order(n), headers={condition: tag}) for n in range(1, 21)]
    answers = await asyncio.gather(*writes)
    won = [answer for answer in answers if answer.is_success]
    assert len(won) == 1
    assert {answer.status_code for answer in answers} == {won[0].status_code, 412}
    assert (await client.get("/records/a")).json() == won[0].json()


async def test_pages(client: httpx.AsyncClient) -> None:
    ids = [f"{prefix}/{n}" for prefix in ("a", "b%", "é") for n in range(3)] + ["a_x"]
    await client.post("/records", json=[{"id": key, "input": order()} for key in ids])

    async def walk(**parameters: str | int) -> list[str]:
        found: list[str] = []
        while True:
            page = (await client.get("/records", params=parameters)).json()
            assert len(page["items"]) <= 2
            found += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return found
            parameters["cursor"] = page["next_cursor"]

    everything = await walk(limit=2)
    assert sorted(everything) == sorted(ids)
    assert await walk(limit=2, prefix="b%") == ["b%/0", "b%/1", "b%/2"]
    assert await walk(limit=2, prefix="a_") == ["a_x"]
    assert await walk(limit=2, prefix="é") == ["é/0", "é/1", "é/2"]


async def test_u0000_is_named_with_its_place(client: httpx.AsyncClient) -> None:
    response = await client.post("/records", json=[{"id": "a", "input": order(carrier="x\0")}])
    assert "[0].input.carrier" in response.json()["detail"]


@pytest.mark.parametrize("settings_change", [{"max_body_bytes": 1024}])
async def test_a_body_that_is_too_large(client: httpx.AsyncClient) -> None:
    big = order(carrier="x" * 1024)
    assert (await client.put("/records/a", json=big)).status_code == 413
    assert (await client.post("/records", json={"id": "a", "input": big})).status_code == 413


async def test_the_documentation_shows_the_input_object(client: httpx.AsyncClient) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    assert schemas["RecordWrite"]["properties"]["input"] == {"$ref": "#/components/schemas/InputObject"}
    assert "origin_lat" in schemas["InputObject"]["properties"]
