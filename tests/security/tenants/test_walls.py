"""Each of the two walls between tenants holds alone; without both the same questions find what is theirs."""

from collections.abc import Mapping, Sequence

import pytest

from tests.api.documented import OPERATIONS
from tests.support.figures import Figure
from tests.support.tenants import NOBODYS, OF_MODEL, OF_RECORDS, Tenants, everything, work
from tests.support.trespass import committed, leaks

pytestmark = pytest.mark.security

READ_FIRST = sorted(OPERATIONS, key=lambda operation: operation.method != "get")
TOLD_WITHOUT_WALLS = {
    *("listRecords", "getRecord", "getLabel", "predictRecords", "predictRecord", "listPredictions"),
    *("getPrediction", "listPredictionJobs", "getPredictionJob", "getPredictionJobResults"),
    *("listEvaluations", "listMetrics", "compareEvaluations", "getEvaluation", "listModels", "getModel"),
    *("listVersions", "getVersion", "createPredictionJob", "cancelPredictionJob", "cancelEvaluation"),
}

HIDDEN_LISTED = {"listModels", "listPredictions", "listPredictionJobs", "listEvaluations", "listMetrics"}


async def test_nothing_gets_over_either_wall(walls: str, tenants: Tenants, figure: Figure) -> None:
    before = await everything(tenants.client, tenants.theirs)
    told = await _told(tenants, tenants.ours, tenants.canaries, strictly=walls != "second")
    if walls == "none":
        assert told >= TOLD_WITHOUT_WALLS
        return
    await work(tenants.app.state.runtime)
    ours = await everything(tenants.client, tenants.ours)
    named = OF_RECORDS[0], *OF_MODEL[:2]
    later = [one for one in tenants.canaries if one in ours and one not in named]
    asked = f"{len(OPERATIONS)} routes, by every parameter, behind: {walls}"
    figure("S6", f"rows of another tenant; {asked}", "0", str(len(told) + len(later)))
    assert (told, later) == (set(), [])
    assert await everything(tenants.client, tenants.theirs) == before


async def test_an_admin_of_some_models_is_told_nothing_of_others(walls: str, tenants: Tenants) -> None:
    told = await _told(tenants, tenants.bound_admin, OF_MODEL, strictly=False)
    assert told == set() if walls != "none" else told >= HIDDEN_LISTED


async def _told(
    tenants: Tenants, key: Mapping[str, str], canaries: Sequence[str], *, strictly: bool
) -> set[str]:
    """The operations that told something of theirs, or, ``strictly``, that there is something."""
    told = set()
    for operation in READ_FIRST:
        found = await committed(tenants, operation, key, canaries, NOBODYS)
        if found.leaked or (strictly and found.differences):
            told.add(operation.name)
    return told


OF_ONE_PAGE = ("listVersions", "listPrices")
"""The model that both tenants know of has one version, and no price."""


async def test_a_cursor_of_theirs_leads_to_nothing_of_theirs(walls: str, tenants: Tenants) -> None:
    leaked = []
    for operation in OPERATIONS:
        if not any(one["name"] == "cursor" for one in operation.parameters("query")):
            continue
        path = operation.path.format(model="shared")
        first = await tenants.client.get(path, params={"limit": 1}, headers=tenants.theirs)
        if operation.name == "listAudit":  # which no key that is bound may ask for
            assert first.status_code == 403
            continue
        cursor = first.json()["next_cursor"]
        assert cursor is not None or operation.name in OF_ONE_PAGE
        answer = await tenants.client.get(path, params={"cursor": cursor or ""}, headers=tenants.ours)
        assert answer.status_code == 200
        leaked += [operation.name] if leaks(answer, "", tenants.canaries) else []
    assert leaked == [] if walls != "none" else len(leaked) > 4
