"""Records of models that answer later, explain themselves, or tell classes."""

import httpx

from app.core.settings import Settings
from app.services.use_case.value import as_it_is
from tests.support.app import client_of, running_app
from tests.support.aws_stub import AwsStub
from tests.support.clarify import OPTIONS, either
from tests.support.html import page_of
from tests.support.orders import answer_ten_times, register, store
from tests.support.use_case import changed


async def test_what_is_answered_later_leads_to_its_operation(client: httpx.AsyncClient, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    await register(client, options={"endpoint_name": "transit", "respond_async": True})
    await store(client, {"a": 1.5})
    shown = page_of(await client.post("/dashboard/predict/a", data={"choice": "transit"}))
    assert "LATER It is computed as operation 1" in shown.text
    assert "/dashboard/jobs?show=operations" in shown.all("a", "href")


async def test_an_explanation_that_is_stored_is_shown(client: httpx.AsyncClient, aws: AwsStub) -> None:
    aws.respond = either
    await register(client, options=OPTIONS)
    await store(client, {"a": 1.5})
    assert (await client.post("/predict/a?model=transit&explain=true")).is_success
    shown = page_of(await client.get("/dashboard/records/a"))
    assert "What each feature contributed" in shown.text
    assert '"recent_transit_ratio": 10.0' in shown.text


async def test_classes_are_right_or_wrong(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    classes = changed(TASK="multiclass", METRICS=("accuracy",), HEADLINE=(), judge=as_it_is)
    async with running_app(settings, classes) as app, client_of(app) as client:
        await register(client)
        await store(client, {"a": 1.5})
        await client.post("/predict/a?model=transit")
        for truth, word in ((15.0, "right"), (12.5, "wrong")):
            assert (await client.put("/records/a/label", json={"value": truth})).is_success
            shown = page_of(await client.get("/dashboard/records/a"))
            assert "Against the truth" in shown.text
            assert word in shown.text.split()
