"""The own model of a record is found when it is written, in whichever way."""

import json

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue
from sqlalchemy import text

from app.core.errors import UserCodeError
from app.core.settings import Settings
from app.services.records.own_models.remodelling import remodel
from tests.support.app import client_of, running_app
from tests.support.orders import order
from tests.support.own_models import store_of
from tests.support.use_case import changed


async def own_models(app: FastAPI) -> dict[str, str | None]:
    async with app.state.runtime.sessions() as session:
        return dict(
            (await session.execute(text("select id, own_model from input_objects order by id"))).all()
        )


def line(record_id: str, carrier: str, **more: JsonValue) -> str:
    return json.dumps({"id": record_id, "input": order(carrier=carrier)} | more)


async def put_in(
    client: httpx.AsyncClient, *lines: str, kind: str = "application/x-ndjson"
) -> httpx.Response:
    return await client.post(
        "/records/import", content="\n".join(lines).encode(), headers={"Content-Type": kind}
    )


async def test_it_is_noted_by_every_way_to_write_a_record(client: httpx.AsyncClient, app: FastAPI) -> None:
    await client.put("/records/put", json=order(carrier="AA"))
    await store_of(client, {"many": "DL", "default": "UA"})
    # One that is taken as it comes, and one whose id needs a closer look.
    imported = await put_in(client, line("import", "AA"), line("imp örted", "DL"), line("plain", "UA"))
    assert imported.status_code == 200, imported.text
    header = ",".join(order())
    rows = [
        f"{name},{','.join(str(one) for one in order(carrier=carrier).values())}"
        for name, carrier in (("csv", "AA"), ("csv-default", "UA"))
    ]
    assert (await put_in(client, f"id,{header}", *rows, kind="text/csv")).status_code == 200
    await client.post("/predict", json={"inputs": [order(carrier="AA")], "model": "none"})
    found = await own_models(app)
    inline = {name: model for name, model in found.items() if name.startswith("inline-")}
    assert {name: model for name, model in found.items() if name not in inline} == {
        "csv": "of-AA",
        "csv-default": None,
        "default": None,
        "imp örted": "of-DL",
        "import": "of-AA",
        "many": "of-DL",
        "plain": None,
        "put": "of-AA",
    }
    assert [*inline.values()] == ["of-AA"]


async def test_a_record_whose_model_is_none_is_refused(client: httpx.AsyncClient, app: FastAPI) -> None:
    right = "a model's name must have 1 to 64 letters"
    one = await client.put("/records/a", json=order(carrier="not a name"))
    assert (one.status_code, one.json()["errors"][0]["field"]) == (422, "input")
    assert "evaluation.model_for gives it the model 'of-not a name'" in one.json()["errors"][0]["message"]
    many = await client.post("/records", json=[{"id": "a", "input": order(carrier="é")}])
    assert many.json()["errors"][0]["field"] == "items[0].input"
    assert right in many.json()["errors"][0]["message"]
    inline = await client.post("/predict", json={"inputs": [order(carrier=""), order(carrier="UA")]})
    first, second = inline.json()["items"]
    assert (first["status"], first["problem"]["errors"][0]["field"]) == (422, "inputs[0]")
    assert second["status"] == 404
    imported = await put_in(client, line("ok", "AA"), line("b", "not a name"))
    assert (imported.status_code, imported.json()["errors"][0]["field"]) == (422, "line 2: input")
    skipped = await put_in(client, line("ok", "AA"), line("b", "not a name"))
    assert skipped.status_code == 422
    assert [name for name in await own_models(app) if not name.startswith("inline-")] == []


async def test_code_that_fails_is_told_without_what_it_said(client: httpx.AsyncClient, app: FastAPI) -> None:
    for answer in (
        await client.put("/records/a", json=order(carrier="crash")),
        await client.post("/records", json=[{"id": "a", "input": order(carrier="crash")}]),
        await put_in(client, line("a", "crash")),
    ):
        said = "evaluation.model_for raised RuntimeError; the log has the rest."
        assert (answer.status_code, answer.json()["detail"]) == (500, said)
    assert await own_models(app) == {}


@pytest.mark.parametrize("given", [7, b"m", ["m"]])
def test_what_is_no_text_is_the_codes_fault(given: object) -> None:
    odd = changed(model_for=lambda _: given)
    with pytest.raises(UserCodeError, match=f"or None, not {type(given).__name__}"):
        odd.own_model(odd.parse(order()))


async def test_records_are_remodelled_after_a_change_of_the_code(
    settings: Settings, client: httpx.AsyncClient, app: FastAPI
) -> None:
    await store_of(client, {"aa": "AA", "dl": "DL", "ua": "UA"})
    etag = (await client.get("/records/aa")).headers["ETag"]
    new = changed(model_for=lambda item: {"AA": None, "DL": "of-DL", "UA": "new"}[item.carrier])
    sessions, seen = app.state.runtime.sessions, list[int]()
    dry = await remodel(sessions, new, dry_run=True, said=seen.append)
    assert (dry.records, dry.changed, seen) == (3, 2, [3])
    assert await own_models(app) == {"aa": "of-AA", "dl": "of-DL", "ua": None}
    done = await remodel(sessions, new, said=seen.append)
    assert (done.records, done.changed, done.unfit) == (3, 2, 0)
    assert await own_models(app) == {"aa": None, "dl": "of-DL", "ua": "new"}
    assert (await remodel(sessions, new, said=seen.append)).changed == 0
    assert (await client.get("/records/aa")).headers["ETag"] == etag
    # What is written again by other code has the model that this finds, though its content is the same.
    async with running_app(settings, new) as other, client_of(other) as writer:
        await client.put("/records/aa", json=order(1.5, carrier="AA"))
        assert (await own_models(app))["aa"] == "of-AA"
        await store_of(writer, {"aa": "AA"})
        assert (await own_models(app))["aa"] is None


async def test_what_does_not_fit_keeps_its_model_and_is_named(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    await store_of(client, {"aa": "AA", "dl": "DL"})
    async with app.state.runtime.sessions.begin() as session:
        await session.execute(text("update input_objects set payload = '{}' where id = 'dl'"))
    new = changed(model_for=lambda item: f"no name {item.carrier}")
    done = await remodel(app.state.runtime.sessions, new, said=lambda _: None)
    assert (done.records, done.changed, done.unfit) == (2, 0, 2)
    assert [fault.field for fault in done.faults] == ["aa", "dl"]
    assert "'no name AA'" in done.faults[0].message
    assert await own_models(app) == {"aa": "of-AA", "dl": "of-DL"}
