"""Who did what is noted with what they did, or neither is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from app.core.errors import Conflict
from app.core.settings import Settings
from app.db import models
from app.schemas.access.audit import AuditEntry
from app.schemas.access.callers import CURRENT, ITSELF
from app.schemas.models import NewVersion
from app.schemas.records.purges import PurgeFilter
from app.services.access import audit, keys
from app.services.access.keys import NewKey
from app.services.models import deletion, rollback, versions
from app.services.records import purging, records
from app.services.runtime import Runtime, open_runtime
from tests.support.app import client_of, running_app
from tests.support.aws_stub import AwsStub
from tests.support.orders import FEATURES, answer_ten_times, order
from tests.support.postgres import query
from tests.support.use_case import TRANSIT


@pytest.fixture
async def runtime(narrow: Settings, aws: AwsStub) -> AsyncIterator[Runtime]:
    aws.respond = answer_ten_times
    async with open_runtime(narrow) as runtime:
        yield runtime


async def register(runtime: Runtime, version: str, *, promote: bool = False) -> None:
    new = NewVersion(
        version=version,
        backend="sagemaker",
        options={"endpoint_name": "e"},
        features=FEATURES,
        promote=promote,
    )
    await versions.register(runtime.sessions, TRANSIT, runtime.inference, "m", new)


async def told(runtime: Runtime) -> list[tuple[str, str, str]]:
    found = (await audit.page(runtime.sessions, limit=100, cursor=None)).items
    return [(one.actor, one.action, one.subject) for one in reversed(found)]


async def test_each_deed_is_told_once_with_who_did_it(runtime: Runtime) -> None:
    CURRENT.set(replace(ITSELF, name="deployer"))
    for version in ("1", "2"):
        await register(runtime, version, promote=True)
        await register(runtime, version, promote=True)  # the same again is no deed
    await register(runtime, "3")
    await rollback.roll_back(runtime.sessions, TRANSIT, "m")
    await deletion.delete(runtime.sessions, "m", "3")
    await keys.make(runtime.sessions, NewKey("reader", ["read"]))
    await keys.revoke(runtime.sessions, "reader")
    deeds = [
        *(("registered", "model m, version 1"), ("promoted", "model m, version 1")),
        *(("registered", "model m, version 2"), ("promoted", "model m, version 2")),
        ("registered", "model m, version 3"),
        ("rolled back", "model m, version 2"),
        ("deleted", "model m, version 3"),
        *(("key created", "key reader"), ("key revoked", "key reader")),
    ]
    assert await told(runtime) == [("deployer", action, subject) for action, subject in deeds]


async def test_nothing_of_a_record_is_in_it(runtime: Runtime) -> None:
    for number in range(3):
        await records.put(runtime.sessions, TRANSIT, f"canary-{number}", order())
    await records.delete(runtime.sessions, "canary-0")
    wanted = PurgeFilter(prefix="canary-", where={"carrier": "UA"})
    await purging.purge(runtime.sessions, TRANSIT, wanted, said=lambda _: None)
    found = (await audit.page(runtime.sessions, limit=100, cursor=None)).items
    assert [(one.action, one.subject, one.details) for one in found] == [
        ("purged", "records", {"records": 2, "labels": 0}),
        ("deleted", "records", {"records": 1}),
    ]
    assert "canary" not in repr(found)
    assert "UA" not in repr(found)


async def test_what_came_to_nothing_is_not_told(runtime: Runtime) -> None:
    await register(runtime, "1", promote=True)
    before = await told(runtime)
    with pytest.raises(Conflict):
        await deletion.delete(runtime.sessions, "m", "1")
    with pytest.raises(Conflict):
        await rollback.roll_back(runtime.sessions, TRANSIT, "m")
    assert await told(runtime) == before


async def test_a_deed_that_cannot_be_told_is_not_done(runtime: Runtime, narrow: Settings) -> None:
    owner = narrow.owner_url.get_secret_value()
    await asyncio.to_thread(query, owner, "alter table audit add check (action <> 'registered')")
    with pytest.raises(Exception, match="check constraint"):
        await register(runtime, "1")
    async with runtime.sessions() as session:
        assert await models.find_model(session, "m") is None


@pytest.mark.parametrize("statement", ["update audit set actor = 'x'", "delete from audit", "truncate audit"])
def test_the_service_cannot_change_what_is_told(narrow: Settings, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        query(narrow.database_url.get_secret_value(), statement)


async def test_it_is_listed_with_the_id_of_the_request(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    async with running_app(settings) as app, client_of(app) as client:
        new = {
            "version": "1",
            "backend": "sagemaker",
            "options": {"endpoint_name": "e"},
            "features": FEATURES,
        }
        for version in ("1", "2"):
            asked = {"X-Request-ID": f"request-{version}"}
            answer = await client.post("/models/m/versions", json=new | {"version": version}, headers=asked)
            assert answer.status_code == 201
        first = (await client.get("/audit?limit=1")).json()
        second = (await client.get(f"/audit?limit=1&cursor={first['next_cursor']}")).json()
    entries = [AuditEntry.model_validate(page["items"][0]) for page in (first, second)]
    assert [one.request_id for one in entries] == ["request-2", "request-1"]
    assert {one.actor for one in entries} == {"anybody"}
