"""A record whose own model its caller may not know of has none that there is, behind either wall."""

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue

from app.core.settings import Settings
from app.services.access.keys import NewKey
from app.services.predictions import predictor
from tests.support.app import client_of, running_app
from tests.support.aws_stub import AwsStub
from tests.support.orders import FEATURES, order, statuses
from tests.support.own_models import OF_AA, OWN, answer_apart
from tests.support.tenants import EVERYTHING, done, header


async def prepare(app: FastAPI, client: httpx.AsyncClient) -> tuple[dict[str, str], dict[str, str]]:
    """Two models, a record of each, predicted for all; the headers of who may know all, and of whom one."""
    runtime = app.state.runtime
    admin = await header(runtime, NewKey("admin", ["admin"]))
    bound = await header(runtime, NewKey("bound", EVERYTHING, models=["transit"]))
    for model in ("transit", OF_AA):
        options: JsonValue = {"endpoint_name": model}
        new: dict[str, JsonValue] = {"version": "1", "backend": "sagemaker", "options": options}
        body = new | {"features": [*FEATURES], "promote": True, "probe": False}
        await done(client, admin, "POST", f"/models/{model}/versions", json=body)
    for name, carrier in (("aa", "AA"), ("ua", "UA")):
        await done(client, admin, "PUT", f"/records/{name}", json=order(carrier=carrier))
        await done(client, admin, "POST", f"/predict/{name}")
    return admin, bound


@pytest.mark.parametrize("memory", [0, 10])
async def test_it_is_unknown_behind_both_walls(
    walled: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    await require_unknown(walled, aws, monkeypatch, memory)


@pytest.mark.parametrize("memory", [0, 10])
async def test_it_is_unknown_where_no_policy_concerns_the_services_role(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    await require_unknown(settings, aws, monkeypatch, memory)


async def require_unknown(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    aws.respond = answer_apart
    chosen = settings.model_copy(update={"default_model": "transit", "memory_records": memory})
    monkeypatch.setattr(predictor, "MANY", 1)
    async with running_app(chosen, OWN) as app, client_of(app) as client:
        admin, bound = await prepare(app, client)
        for _ in range(2):
            assert (await client.post("/predict/aa", headers=admin)).json()["model"] == OF_AA
            answer = await client.post("/predict/aa", headers=bound)
            assert (answer.status_code, answer.json()["detail"]) == (404, f"There is no model {OF_AA!r}.")
            assert (await client.post("/predict/ua", headers=bound)).json()["cached"]
            many = await client.post("/predict", json={"record_ids": ["aa", "ua"]}, headers=bound)
            assert statuses(many.json()["items"]) == [404, 200]
        # Whoever names one that it may know of is answered by that.
        assert (await client.post("/predict/aa?model=transit", headers=bound)).json()["prediction"] == 15.0
