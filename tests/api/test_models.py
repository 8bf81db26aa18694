"""Registering, promoting and rolling back, over HTTP and on the command line."""

import json

import httpx
import pytest
from pydantic import JsonValue

from examples.transit.preprocess import FEATURES
from tests.support import aws_stub
from tests.support.aws_stub import Answer, AwsStub, Request, control_error, error
from tests.support.orders import register

VERSION: dict[str, JsonValue] = {
    "version": "1",
    "backend": "sagemaker",
    "options": {"endpoint_name": "transit"},
}


@pytest.fixture(autouse=True)
def aws(aws: AwsStub) -> AwsStub:
    aws.respond = lambda request: error("AccessDeniedException", 400)
    return aws


async def test_a_version_is_registered_once_and_never_changes(client: httpx.AsyncClient) -> None:
    first = await client.post("/models/transit/versions", json=VERSION)
    again = await client.post("/models/transit/versions", json=VERSION)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert first.json()["features"] == list(FEATURES)
    assert first.json()["revision"] == ""
    other = await client.post("/models/transit/versions", json=VERSION | {"features": ["month"]})
    assert other.status_code == 409
    assert "never change" in other.json()["detail"]


async def test_the_same_again_asks_nobody(client: httpx.AsyncClient, aws: AwsStub) -> None:
    await client.post("/models/transit/versions", json=VERSION)
    aws.respond = lambda request: control_error("ValidationException", 'Could not find endpoint "transit".')
    gone = await client.post("/models/transit/versions", json=VERSION | {"version": "2"})
    assert gone.status_code == 422
    assert (await client.post("/models/transit/versions", json=VERSION)).status_code == 200


async def test_promote_and_roll_back_walk_the_history(client: httpx.AsyncClient) -> None:
    for version in ("1", "2", "3"):
        await register(client, version, options={"endpoint_name": f"transit-{version}"})
    await client.post("/models/transit/promote", json={"version": "1"})
    await client.post("/models/transit/promote", json={"version": "1"})  # no move, and so none to undo
    lives = []
    for _ in range(3):
        lives.append((await client.post("/models/transit/rollback")).json()["live_version"])
    assert lives == ["3", "2", "1"]
    done = await client.post("/models/transit/rollback")
    assert done.status_code == 409
    model = (await client.get("/models/transit")).json()
    assert [version["live"] for version in model["versions"]] == [True, False, False]


async def test_models_and_versions_by_pages(client: httpx.AsyncClient) -> None:
    for model in ("b", "a.2", "A", "a-1"):
        for version in ("1", "2", "3"):
            await client.post(f"/models/{model}/versions", json=VERSION | {"version": version})

    async def walk(path: str, key: str) -> list[str]:
        found: list[str] = []
        cursor: dict[str, str | int] = {"limit": 2}
        while True:
            page = (await client.get(path, params=cursor)).json()
            found += [item[key] for item in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor["cursor"] = page["next_cursor"]

    models = await walk("/models", "model")
    assert sorted(models) == sorted({"b", "a.2", "A", "a-1"})
    assert await walk("/models/a-1/versions", "version") == ["3", "2", "1"]
    whole = (await client.get("/models/a-1")).json()
    assert (await client.get("/models")).json()["items"][models.index("a-1")] == whole
    one = (await client.get("/models/a-1/versions/2")).json()
    assert one == whole["versions"][1]
    versions = (await client.get("/models/a-1/versions")).json()
    assert versions == {"items": whole["versions"][::-1], "next_cursor": None}


async def test_unknown_models_and_versions_are_not_found(client: httpx.AsyncClient) -> None:
    for path in ("", "/versions", "/versions/1"):
        answer = await client.get(f"/models/none{path}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no model 'none'.")
    assert (await client.post("/models/none/rollback")).status_code == 404
    assert (await client.post("/models/none/promote", json={"version": "1"})).status_code == 404
    await register(client)
    assert (await client.post("/models/transit/promote", json={"version": "2"})).status_code == 404
    lacking = await client.get("/models/transit/versions/2")
    assert (lacking.status_code, lacking.json()["detail"]) == (404, "The model 'transit' has no version '2'.")
    assert (await client.get("/models/transit/versions", params={"cursor": "x"})).status_code == 422


async def test_a_version_that_addresses_several_variants_is_registered_with_a_warning(
    client: httpx.AsyncClient, aws: AwsStub
) -> None:
    variants: list[JsonValue] = [{"VariantName": name, "CurrentWeight": 0.5} for name in ("blue", "green")]

    def describe(request: Request) -> Answer:
        if request.operation != "DescribeEndpoint":
            return aws_stub.control_error("AccessDeniedException")
        described: dict[str, JsonValue] = {"EndpointStatus": "InService", "EndpointConfigName": "c"}
        return aws_stub.reply({**described, "ProductionVariants": variants})

    aws.respond = describe
    body: dict[str, JsonValue] = {
        "version": "1",
        "backend": "sagemaker",
        "features": ["recent_transit_ratio"],
    }
    both = await client.post("/models/m/versions", json=body | {"options": {"endpoint_name": "e"}})
    assert (both.status_code, both.json()["revisions"]) == (201, ["c blue", "c green"])
    assert "blue, green" in both.json()["warning"]
    one = {"endpoint_name": "e", "target_variant": "blue"}
    named = await client.post("/models/m/versions", json=body | {"version": "2", "options": one})
    assert (named.json()["revisions"], named.json()["warning"]) == (["c blue"], None)


async def test_the_revision_is_what_the_platform_says(client: httpx.AsyncClient, aws: AwsStub) -> None:
    def describe(request: Request) -> Answer:
        if request.operation != "DescribeEndpoint":
            return aws_stub.control_error("AccessDeniedException")
        asked = json.loads(request.body)["EndpointName"]
        return aws_stub.reply({"EndpointStatus": "InService", "EndpointConfigName": f"config-of-{asked}"})

    aws.respond = describe
    for version in ("1", "2"):
        await register(client, version, options={"endpoint_name": f"transit-{version}"})
    versions = (await client.get("/models/transit")).json()["versions"]
    for version in versions:
        assert f"config-of-transit-{version['version']}" in version["revision"]


@pytest.mark.parametrize("value", [0, 1, "true", "no"])
async def test_true_and_false_are_not_guessed(client: httpx.AsyncClient, value: JsonValue) -> None:
    """As the document says: what is none of the two may have been meant otherwise."""
    for path, body in (
        ("/models/transit/promote", {"version": "1", "probe": value}),
        ("/models/transit/versions", {"version": "1", "backend": "coreml", "promote": value}),
        ("/predict", {"record_ids": ["a"], "refresh": value}),
    ):
        answer = await client.post(path, json=body)
        assert answer.status_code == 422, answer.text
        assert [fault["field"] for fault in answer.json()["errors"]] == [list(body)[-1]]
