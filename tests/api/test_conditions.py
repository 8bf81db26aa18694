"""Conditional requests: a condition that cannot be read or cannot hold says so and lets no write through."""

import httpx
import pytest

from tests.support.orders import order

Pairs = list[tuple[str, str]]


async def stored(client: httpx.AsyncClient) -> str:
    """A record's ETag, after it was written."""
    return (await client.put("/records/a", json=order(1))).headers["ETag"]


@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize(
    "value", ["abc", "", '"abc', 'abc"', '"a" "b"', '"a",', '*, "a"', "'a'", 'w/"a"', "**"]
)
async def test_what_cannot_be_read_is_refused(client: httpx.AsyncClient, name: str, value: str) -> None:
    tag = await stored(client)
    for response in (
        await client.put("/records/a", json=order(2), headers={name: value}),
        await client.delete("/records/a", headers={name: value}),
        await client.get("/records/a", headers={name: value}),
    ):
        assert response.status_code == 422
        [fault] = response.json()["errors"]
        assert fault["field"] == name
        assert '"5f3a"' in fault["message"]
    assert (await client.get("/records/a")).headers["ETag"] == tag


@pytest.mark.parametrize(
    "form", ["W/{}", '"{0}-gzip"', '"{0}--gzip"', 'W/"{0}-br"', '"{0};gzip"', '"x", W/{}']
)
async def test_a_tag_that_a_proxy_changed_says_what_helps(client: httpx.AsyncClient, form: str) -> None:
    tag = await stored(client)
    changed = form.format(tag if "W/{}" in form else tag.strip('"'))
    refused = await client.put("/records/a", json=order(2), headers={"If-Match": changed})
    assert refused.status_code == 412
    assert f"the record's ETag is {tag}." in refused.json()["detail"]
    assert "content_hash" in refused.json()["detail"]
    same = {"If-None-Match": changed}
    assert (await client.put("/records/a", json=order(2), headers=same)).status_code == 412
    assert (await client.get("/records/a", headers=same)).status_code == 304
    assert (await client.put("/records/a", json=order(2), headers={"If-Match": tag})).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ([("If-Match", '"x"')], 412, "the record's ETag is"),
        ([("If-None-Match", "*")], 412, "the record exists"),
        ([("If-Match", '"x"'), ("If-Match", "TAG")], 200, ""),
        ([("If-None-Match", '"x"'), ("If-None-Match", "TAG")], 412, "the record's ETag is"),
        ([("If-None-Match", '"x" , "y"')], 200, ""),
        ([("If-Match", "TAG"), ("If-None-Match", '"x"')], 200, ""),
        ([("If-Match", "TAG"), ("If-None-Match", "TAG")], 412, "If-None-Match does not hold"),
        ([("If-Match", "*"), ("If-None-Match", "*")], 422, "send one of the two"),
        ([("If-Match", "*"), ("If-Match", '"x"')], 422, "must be * or"),
    ],
)
async def test_every_line_and_every_header_counts(
    client: httpx.AsyncClient, headers: Pairs, status: int, said: str
) -> None:
    tag = await stored(client)
    sent = [(name, value.replace("TAG", tag)) for name, value in headers]
    response = await client.put("/records/a", json=order(2), headers=sent)
    assert response.status_code == status
    assert said in response.text
    written = (await client.get("/records/a")).headers["ETag"] != tag
    assert written == (status == 200)


async def test_a_reader_may_ask_for_a_state(client: httpx.AsyncClient) -> None:
    tag = await stored(client)
    assert (await client.get("/records/a", headers={"If-Match": tag})).status_code == 200
    other = await client.get("/records/a", headers={"If-Match": '"x"'})
    assert (other.status_code, "does not hold" in other.json()["detail"]) == (412, True)


async def test_a_record_that_there_is_not(client: httpx.AsyncClient) -> None:
    refused = await client.put("/records/none", json=order(1), headers={"If-Match": "*"})
    assert (refused.status_code, "there is no such record" in refused.json()["detail"]) == (412, True)
    assert (await client.get("/records/none")).status_code == 404


@pytest.mark.parametrize(
    ("method", "url", "name"),
    [
        ("PUT", "/records/a/label", "If-Match"),
        ("DELETE", "/records/a/label", "If-Match"),
        ("POST", "/records", "If-None-Match"),
        ("POST", "/records/import?format=csv", "If-None-Match"),
        ("POST", "/predict/a", "If-None-Match"),
        ("POST", "/models/transit/promote", "If-Match"),
        ("PUT", "/records/a", "If-Unmodified-Since"),
        ("DELETE", "/records/a", "If-Unmodified-Since"),
    ],
)
async def test_a_write_takes_no_condition_that_it_does_not_read(
    client: httpx.AsyncClient, method: str, url: str, name: str
) -> None:
    tag = await stored(client)
    response = await client.request(method, url, json={"value": 1}, headers={name: "*"})
    assert response.status_code == 422
    [fault] = response.json()["errors"]
    assert fault["field"] == name
    assert fault["message"].startswith("this request takes no such condition")
    assert (await client.get("/records/a")).headers["ETag"] == tag
    assert (await client.get("/records/a")).json()["label"] is None
    assert (await client.get("/records", headers={name: '"x"'})).status_code == 200
