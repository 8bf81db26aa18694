"""What is wrong with one model concerns the records that have it, and not those beside them in a call."""

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue
from sqlalchemy import text

from tests.support.aws_stub import AwsStub
from tests.support.clarify import OPTIONS, either
from tests.support.own_models import OF_AA, register_one, store_of

IDS: list[JsonValue] = ["aa", "ua", "dl"]


@pytest.fixture(autouse=True)
async def _records(client: httpx.AsyncClient, aws: AwsStub) -> None:
    aws.respond = either
    await register_one(client, "transit", options=OPTIONS)
    await register_one(client, OF_AA)
    await store_of(client, {"aa": "AA", "ua": "UA", "dl": "DL"})


async def of_each(client: httpx.AsyncClient, *, explain: bool) -> dict[str, tuple[int, str]]:
    """Statuses, and what is wrong."""
    answer = await client.post("/predict", json={"record_ids": IDS, "explain": explain})
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    return {one["record_id"]: (one["status"], one.get("problem", {}).get("detail", "")) for one in items}


async def test_a_model_that_explains_nothing(client: httpx.AsyncClient) -> None:
    assert await of_each(client, explain=True) == {
        "aa": (422, "Version '1' of model 'of-AA' has no explainer."),
        "ua": (200, ""),
        "dl": (404, "There is no model 'of-DL'."),
    }
    assert (await client.post("/predict/aa?explain=true")).status_code == 422


async def test_a_model_that_takes_what_preprocess_does_not_make(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    async with app.state.runtime.sessions.begin() as session:  # as code before this one made it
        await session.execute(text("alter table model_versions disable trigger user"))
        await session.execute(
            text("""
                update model_versions set features = '{gone}'
                where model_id = (select id from models where name = 'of-AA')
            """)
        )
    found = await of_each(client, explain=False)
    assert {name: status for name, (status, _) in found.items()} == {"aa": 500, "ua": 200, "dl": 404}
    assert found["aa"][1].startswith("Version '1' of model 'of-AA' takes gone")
