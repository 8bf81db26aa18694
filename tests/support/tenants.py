"""Two tenants of one service, each with all that a tenant can have, and what is the other's alone."""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import asyncpg
import httpx
from fastapi import FastAPI
from pydantic import JsonValue
from sqlalchemy import make_url

from app.core.settings import Settings
from app.schemas.access.callers import KeyScope
from app.services.access import keys
from app.services.access.keys import NewKey
from app.services.evaluations.evaluator import Evaluator
from app.services.jobs import chunks
from app.services.runtime import Runtime
from tests.support.app import client_of, running_app
from tests.support.clarify import OPTIONS
from tests.support.jobs import queued
from tests.support.operations import operate
from tests.support.orders import FEATURES, order

SHARED, OURS, HIDDEN, VERSION = "shared", "ours", "hiddenmodel", "hiddenv"
"""Models that both, one and the other may know of, and the version of the last."""
EVERYTHING: tuple[KeyScope, ...] = ("read", "predict", "write")
OF_RECORDS, OF_MODEL = ("canaryb", "777000", "8675.5", "867531"), (HIDDEN, VERSION, "778000")
"""What stands in what is theirs: in ids, names and texts, in the numbers of rows, in predictions and truths;
and of those what stands in what is of the hidden model."""
LISTS = ("/records", "/predictions", "/prediction-jobs", "/evaluations", "/evaluations/metrics")
NUMBERED = ("predictions", "evaluations", "prediction_jobs", "operations")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


@dataclass(frozen=True)
class Names:
    """What a tenant's things are called, to be put into requests."""

    record_id: str
    model: str
    version: str
    prediction_id: str
    job_id: str
    evaluation_id: str
    other_evaluation_id: str
    operation_id: str
    etag: str


OWN = Names("ours-1", OURS, "1", "1", "1", "1", "2", "1", "")
NOBODYS = Names(
    "canaryz-1",
    "hiddenmodem",
    "hiddenw",
    *(("888000001",) * 3),
    "888000002",
    "888000001",
    '"' + "0" * 64 + '"',
)


@dataclass(frozen=True)
class Tenants:
    """The service, and who asks it."""

    app: FastAPI
    client: httpx.AsyncClient
    ours: Mapping[str, str]
    theirs: Mapping[str, str]
    bound_admin: Mapping[str, str]
    """The headers of keys: bound to a prefix and models, two of them; to models, with the scope admin."""
    names: Names
    """Of what is theirs."""
    canaries: Sequence[str]
    """Moments and hashes of what is theirs, too."""


async def wall_in(url: str) -> str:
    """Have the policies hold for the service's role as they do where that is not the owner of the tables."""
    connection = await asyncpg.connect(url)
    try:
        [(is_above,)] = await connection.fetch(
            "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
        )
        if is_above:  # whom no policy concerns
            return await _of_a_lesser_role(connection, url)
        for (table,) in await connection.fetch("select relname from pg_class where relrowsecurity"):
            await connection.execute(f"alter table {table} force row level security")
        return url
    finally:
        await connection.close()


async def _of_a_lesser_role(connection: "asyncpg.Connection[asyncpg.Record]", url: str) -> str:
    name = f"served_{make_url(url).database}"
    await connection.execute(f"""
        create role {name} login password 'served';
        grant select, insert, update, delete on all tables in schema public to {name};
        grant usage, select, update on all sequences in schema public to {name};
    """)
    return make_url(url).set(username=name, password="served").render_as_string(hide_password=False)


@asynccontextmanager
async def two_tenants(settings: Settings, owner_url: str) -> AsyncIterator[Tenants]:
    """Both have done all that a tenant can do, and workers what they were asked for."""
    async with running_app(settings) as app, client_of(app) as client:
        runtime: Runtime = app.state.runtime
        admin = await header(runtime, NewKey("admin", ["admin"]))
        for model, version in ((SHARED, "1"), (OURS, "1"), (HIDDEN, VERSION)):
            await _register(client, admin, model, version)
        ours = await header(runtime, NewKey("ours", EVERYTHING, models=[SHARED, OURS], record_prefix="ours-"))
        new = NewKey("theirs", EVERYTHING, models=[SHARED, HIDDEN], record_prefix="canaryb-")
        theirs = await header(runtime, new)
        bound_admin = await header(runtime, NewKey("bound", ["admin"], models=[SHARED, OURS]))
        await _live(client, runtime, ours, "ours", (SHARED, OURS))
        await number_from(owner_url, 777000001)
        await _live(client, runtime, theirs, "canaryb", (SHARED,))
        await number_from(owner_url, 778000001)
        names = await _live(client, runtime, theirs, "canaryb", (HIDDEN,))
        await number_from(owner_url, 990000001)
        told = await everything(client, theirs)
        canaries = [*OF_RECORDS, *OF_MODEL, *{*STAMP.findall(told), *re.findall(r"[0-9a-f]{64}", told)}]
        yield Tenants(app, client, ours, theirs, bound_admin, names, canaries)


async def header(runtime: Runtime, new: NewKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {await keys.make(runtime.sessions, new)}"}


async def number_from(url: str, first: int) -> None:
    """What rows are numbered by from now on, so that a number tells whose it is."""
    connection = await asyncpg.connect(url)
    for table in NUMBERED:
        await connection.execute(f"alter sequence {table}_id_seq restart with {first}")
    await connection.close()


async def everything(client: httpx.AsyncClient, key: Mapping[str, str]) -> str:
    """All lists that a caller is given, with all that is in them looked at one by one."""
    told = []
    for path in LISTS:
        answer = await client.get(path, params={"limit": 1000}, headers=key)
        assert answer.status_code == 200, answer.text
        told.append(answer.text)
        if path in ("/prediction-jobs", "/evaluations"):
            for item in answer.json()["items"]:
                told.append((await client.get(f"{path}/{item['id']}", headers=key)).text)
        if path == "/prediction-jobs":
            for item in answer.json()["items"]:
                told.append((await client.get(f"{path}/{item['id']}/results", headers=key)).text)
    return "\n".join(told)


async def done(
    client: httpx.AsyncClient, key: Mapping[str, str], method: str, path: str, **given: JsonValue
) -> JsonValue:
    answer = await client.request(method, path, headers=key, **given)  # type: ignore[arg-type]
    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
    return cast(JsonValue, answer.json()) if answer.content else None


async def _register(client: httpx.AsyncClient, admin: Mapping[str, str], model: str, version: str) -> None:
    options: dict[str, JsonValue] = OPTIONS | {"endpoint_name": f"{model}-endpoint"}
    body: dict[str, JsonValue] = {
        "version": version,
        "backend": "sagemaker",
        "options": options,
        "promote": True,
    }
    await done(client, admin, "POST", f"/models/{model}/versions", json=body | {"features": [*FEATURES]})


async def _live(
    client: httpx.AsyncClient,
    runtime: Runtime,
    key: Mapping[str, str],
    word: str,
    models: Sequence[str],
) -> Names:
    """Records with truths, predictions, an inline one too, jobs and evaluations of each of the models."""
    ratio, truth = (867.55, 8675309.0) if word == "canaryb" else (1.5, 14.0)
    given = order(ratio, carrier=f"{word}-carrier", origin=f"{word}-origin")
    for number in (1, 2):
        record = given | {"destination": f"{word}-{number}"}
        await done(client, key, "PUT", f"/records/{word}-{number}", json=record)
        await done(client, key, "PUT", f"/records/{word}-{number}/label", json={"value": truth + number})
    etag = (await client.get(f"/records/{word}-1", headers=key)).headers["etag"]
    for model in models:
        await done(client, key, "POST", f"/predict/{word}-1?model={model}&explain=true")
        later = await done(
            client, {**key, "Prefer": "respond-async"}, "POST", f"/predict/{word}-2?model={model}"
        )
        inline = given | {"destination": f"{word}-inline"}
        await done(client, key, "POST", "/predict", json={"inputs": [inline], "model": model})
        again = {"Idempotency-Key": f"same-{model}"}
        job = await done(
            client, {**key, **again}, "POST", "/prediction-jobs", json={"all": True, "model": model}
        )
        runs = [await done(client, key, "POST", "/evaluations", json={"model": model}) for _ in range(2)]
        await work(runtime)
        logged = await done(client, key, "GET", f"/predictions?model={model}&record_id={word}-1")
        names = Names(
            *(f"{word}-1", model, VERSION if model == HIDDEN else "1", _id(logged, "items"), _id(job)),
            *(*map(_id, runs), _id(later, key="operation_id"), etag),
        )
    return names


async def work(runtime: Runtime) -> None:
    """What the queue holds, and what is answered later, as a worker does it."""
    await operate(runtime)
    for chunk_id in await queued(runtime.sessions):
        await chunks.run(runtime, chunk_id)
    for run_id in await queued(runtime.sessions, "evaluate"):
        await Evaluator(runtime).run(run_id)


def _id(told: JsonValue, *inside: str, key: str = "id") -> str:
    for name in inside:
        assert isinstance(told, dict)
        [told, *_] = cast(list[JsonValue], told[name])
    assert isinstance(told, dict)
    return json.dumps(told[key])
