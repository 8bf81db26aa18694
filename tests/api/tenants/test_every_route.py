"""Nothing of another tenant is in any answer, and what is theirs is as if it were not there."""

from dataclasses import replace

import pytest
from pydantic import JsonValue

from tests.api.documented import OPERATIONS
from tests.support.documents import Object
from tests.support.tenants import NOBODYS, OF_MODEL, OF_RECORDS, Tenants, everything, work
from tests.support.trespass import committed, trespasses

READ_FIRST = sorted(OPERATIONS, key=lambda operation: operation.method != "get")


def test_what_nobody_has_thought_of_is_noticed() -> None:
    """A new route with a parameter, a header or a body that is not known here has to be given something of a
    tenant's to ask for."""
    [route] = [one for one in OPERATIONS if one.name == "getModel"]
    query: list[JsonValue] = [{"in": "query", "name": "customer"}]
    header: list[JsonValue] = [{"in": "header", "name": "customer"}]
    unknown: list[Object] = [{"parameters": query}, {"parameters": header}, {"requestBody": {}}]
    for more in unknown:
        with pytest.raises(KeyError):
            [*trespasses(replace(route, path="/new", text=route.text | more), NOBODYS)]
    assert [*trespasses(route, NOBODYS)]


async def test_each_is_told_all_of_its_own(tenants: Tenants) -> None:
    """Else the other tests would hold nothing."""
    theirs = await everything(tenants.client, tenants.theirs)
    assert [canary for canary in (*OF_RECORDS, *OF_MODEL) if canary not in theirs] == []
    ours = await everything(tenants.client, tenants.ours)
    for word in ("ours-1", "ours-inline-", "ours-carrier", '"ours"', "15.0", "shared"):
        assert word in ours
    assert [canary for canary in tenants.canaries if canary in ours] == []


async def test_nobody_is_told_anything_of_another(tenants: Tenants) -> None:
    before = await everything(tenants.client, tenants.theirs)
    for operation in READ_FIRST:
        found = await committed(tenants, operation, tenants.ours, tenants.canaries, NOBODYS)
        assert found == ([], []), operation.name
    await work(tenants.app.state.runtime)
    ours = await everything(tenants.client, tenants.ours)
    named = OF_RECORDS[0], *OF_MODEL[:2]  # by ourselves, in what we have asked for
    assert [one for one in tenants.canaries if one in ours and one not in named] == []
    assert await everything(tenants.client, tenants.theirs) == before
