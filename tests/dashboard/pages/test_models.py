"""The pages of models: what is live and was, and moving it behind a confirmation."""

import re

import httpx
import pytest
from fastapi import FastAPI

from tests.support.aws_stub import AwsStub, model_error
from tests.support.browsers import headers_of
from tests.support.html import fields_of, text_of
from tests.support.orders import answer_ten_times, invocations, register, store

HOME = "/dashboard/models/transit"


@pytest.fixture(autouse=True)
async def model(client: httpx.AsyncClient, aws: AwsStub) -> None:
    """Version 1 is live, 2 is registered; a record is there."""
    aws.respond = answer_ten_times
    await register(client, "1")
    await register(client, "2", promote=False)
    await store(client, {"a": 1.5})


async def live(client: httpx.AsyncClient) -> str:
    return str((await client.get("/models/transit")).json()["live_version"])


async def asked(client: httpx.AsyncClient, path: str) -> dict[str, str]:
    """The fields of a question."""
    answer = await client.get(f"{HOME}/{path}")
    assert answer.status_code == 200, answer.text
    return fields_of(answer)


async def test_the_list_says_what_is_live(client: httpx.AsyncClient) -> None:
    said = text_of(await client.get("/dashboard/models"))
    assert "transit 1 sagemaker 2" in said
    assert "transit" in text_of(await client.get("/dashboard/models?find=RANS"))
    nothing = text_of(await client.get("/dashboard/models?find=%3Cb%3E"))
    assert "No model has “<b>” in its name." in nothing


async def test_a_model_has_its_versions_and_what_became_of_them(client: httpx.AsyncClient) -> None:
    await client.post("/models/transit/promote", json={"version": "2"})
    await client.post("/models/transit/rollback")
    said = text_of(await client.get(HOME))
    for words in (
        "Version 1 is live since",
        "endpoint_name transit",
        "1 AT live rolled back to",
        "2 AT AT promoted rolled back",
        "rolled back model transit, version 2 live version: 1",
        "anybody promoted model transit, version 2",
    ):
        assert words in re.sub(r"[\d-]{10} [\d:]{8} UTC", "AT", said), words


async def test_promoting_is_confirmed_and_done_once(client: httpx.AsyncClient) -> None:
    fields = await asked(client, "promote?version=2")
    assert (fields["version"], fields["live"]) == ("2", "1")
    first, again = [await client.post(f"{HOME}/promote", data=fields) for _ in range(2)]
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == f"{HOME}?done=promoted"
    assert await live(client) == "2"
    assert "Version 2 is live." in text_of(await client.get(first.headers["location"]))
    audit = (await client.get("/audit")).json()["items"]
    assert [one["action"] for one in audit].count("promoted") == 2  # version 1 at first


async def test_rolling_back_is_done_once_too(client: httpx.AsyncClient) -> None:
    for version in ("2", "1"):
        await client.post("/models/transit/promote", json={"version": version})
    fields = await asked(client, "rollback")
    assert (fields["version"], fields["live"]) == ("2", "1")
    for _ in range(2):
        answer = await client.post(f"{HOME}/rollback", data=fields)
        assert answer.headers["location"] == f"{HOME}?done=rolled-back"
    assert await live(client) == "2"  # twice would be 1 again


@pytest.mark.parametrize("action", ["promote", "rollback"])
async def test_what_has_changed_meanwhile_is_said_and_nothing_is_done(
    client: httpx.AsyncClient, aws: AwsStub, action: str
) -> None:
    await register(client, "3", promote=False)
    await client.post("/models/transit/promote", json={"version": "3"})
    fields = await asked(client, f"{action}?version=2" if action == "promote" else action)
    await client.post("/models/transit/rollback")
    await client.post("/models/transit/promote", json={"version": "3"})  # live again, and since another time
    rows = len(invocations(aws))
    answer = await client.post(f"{HOME}/{action}", data=fields)
    assert answer.status_code == 409
    assert "Nothing was done: version '3' of 'transit' became live after this page was shown" in text_of(
        answer
    )
    assert (await live(client), len(invocations(aws))) == ("3", rows)


async def test_a_probe_that_fails_is_shown_as_the_fault_it_is(
    client: httpx.AsyncClient, aws: AwsStub
) -> None:
    aws.respond = lambda _: model_error(400)
    fields = await asked(client, "promote?version=2")
    answer = await client.post(f"{HOME}/promote", data=fields)
    said = text_of(answer)
    assert answer.status_code == 502
    assert (
        "The model refused the rows Version '2' of 'transit' did not become live: its probe failed." in said
    )
    assert await live(client) == "1"
    answer = await client.post(f"{HOME}/promote", data=fields_of(answer) | {"probe": "no"})
    assert (answer.status_code, await live(client)) == (303, "2")


async def test_what_is_not_there_or_no_name_is_a_page_that_says_so(client: httpx.AsyncClient) -> None:
    for path, status in (
        ("/dashboard/models/nobody", 404),
        (f"{HOME}/promote?version=9", 404),
        (f"{HOME}/promote?version=%3Cb%3E", 422),
        (f"{HOME}/rollback", 409),
        ("/dashboard/models/nobody/rollback", 404),
        ("/dashboard/models?cursor=x", 422),
    ):
        answer = await client.get(path)
        assert (answer.status_code, "<h1>" in answer.text, "<b>" in answer.text) == (status, True, False), (
            path
        )
    for fields in ({"live": "1"}, {"version": "<b>"}, {"version": "2", "since": "yesterday"}):
        assert (await client.post(f"{HOME}/promote", data=fields)).status_code == 422


async def test_who_is_bound_away_from_a_model_does_not_see_it(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    admin = await headers_of(app, "all", "admin")
    bound = await headers_of(app, "other", "admin", models={"other"})
    reader = await headers_of(app, "reader", "read")
    for headers, status, audited in ((admin, 200, 200), (bound, 404, 403), (reader, 200, 403)):
        answer = await client.get(HOME, headers=headers)
        assert answer.status_code == status
        assert (await client.get("/dashboard/audit", headers=headers)).status_code == audited
        found = text_of(await client.get("/dashboard/models", headers=headers))
        assert ("transit" in found) is (status == 200)
        fields = {"version": "2", "live": "1", "since": ""}
        refused = await client.post(f"{HOME}/promote", data=fields, headers=headers)
        assert refused.status_code == (409 if headers == admin else 404 if headers == bound else 403)
        assert ("Promote" in text_of(answer)) is (headers == admin)
