"""Nothing of another tenant is in any answer, and what is theirs is as if it were not there."""

from collections.abc import Mapping

from tests.api.documented import OPERATIONS
from tests.support.documents import Operation
from tests.support.tenants import NOBODYS, OF_MODEL, OF_RECORDS, Tenants, everything, work
from tests.support.trespass import blind, leaks, trespasses


READ_FIRST = sorted(OPERATIONS, key=lambda operation: operation.method != "get")


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
        await _trespass(tenants, operation, tenants.ours, tenants.canaries)
    await work(tenants.app.state.runtime)
    ours = await everything(tenants.client, tenants.ours)
    said = OF_RECORDS[0], *OF_MODEL[:2]  # which we have named ourselves by now, in what we asked for
    assert [one for one in tenants.canaries if one in ours and one not in said] == []
    assert await everything(tenants.client, tenants.theirs) == before


async def _trespass(
    tenants: Tenants, operation: Operation, key: Mapping[str, str], canaries: list[str]
) -> None:
    theirs, nobodys = (trespasses(operation, names) for names in (tenants.names, NOBODYS))
    for one, other in zip(theirs, nobodys, strict=True):
        answer = await one.send(tenants.client, key)
        assert leaks(answer, one.sent, canaries) == [], (operation.method, one.sent, answer.text)
        twin = await other.send(tenants.client, key)
        if one.is_pure:
            told, expected = blind(answer, tenants.names), blind(twin, NOBODYS)
            assert told == expected, (operation.method, one.sent)
