"""Which of a Databricks endpoint's models answered, and what it has deployed."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.databricks import served
from app.backends.http.auth import NoAuth
from app.core.errors import BackendDown, BackendMissing, BackendRefused, BadOutput
from tests.support.databricks import ABOUT, CREDENTIALS, Workspace, databricks_workspace, entity
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, reply

FORBIDDEN = Answer(403, b'{"error_code":"PERMISSION_DENIED","message":"no View on the endpoint"}')


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with databricks_workspace() as found:
        yield found


async def answered_by(backend: Backend) -> str | None:
    return (await backend.predict([[1, 2]], TIMEOUT)).revision


async def test_a_name_with_the_version_says_what_answered(workspace: Workspace) -> None:
    backend = workspace.open()
    assert await backend.revision() == "transit-3"
    assert await answered_by(backend) == "transit-3"
    workspace.entities, workspace.answers = [entity("transit-4", "4")], "transit-4"  # a new version went live
    assert await answered_by(backend) == "transit-4"
    assert len(workspace.asked(ABOUT)) == 2
    await backend.aclose()


async def test_the_workspace_is_asked_about_a_name_once(workspace: Workspace) -> None:
    backend = workspace.open()
    assert await asyncio.gather(*(answered_by(backend) for _ in range(4))) == ["transit-3"] * 4
    assert await answered_by(backend) == "transit-3"
    assert len(workspace.asked(ABOUT)) == 1
    await backend.aclose()


async def test_a_chosen_name_does_not_say_the_version(workspace: Workspace) -> None:
    workspace.entities, workspace.answers = [entity("champion", "3")], "champion"
    backend = workspace.open()
    assert await backend.revision() == "champion version 3"
    assert await answered_by(backend) is None
    await backend.aclose()


async def test_several_entities_are_one_revision(workspace: Workspace) -> None:
    workspace.entities = [entity("transit-3", "3"), entity("challenger", "4"), entity("old-1", "1")]
    workspace.traffic = {"transit-3": 90, "challenger": 10, "old-1": 0}
    backend = workspace.open()
    assert await backend.revision() == "challenger version 4 and transit-3"
    assert await answered_by(backend) is None
    await backend.aclose()


async def test_one_of_several_entities(workspace: Workspace) -> None:
    workspace.entities = [entity("transit-3", "3"), entity("challenger", "4")]
    backend = workspace.open(served_entity="transit-3")
    assert await answered_by(backend) == "transit-3"
    assert workspace.asked("/serving-endpoints/transit/served-models/transit-3/invocations")
    assert await backend.revision() == "transit-3"
    await backend.aclose()
    gone = workspace.open(served_entity="transit-9")
    with pytest.raises(BackendMissing) as caught:
        await gone.revision()
    assert [fault.field for fault in caught.value.errors] == ["options.served_entity"]
    await gone.aclose()


async def test_an_entity_that_is_being_deployed_is_not_missing(workspace: Workspace) -> None:
    pending: JsonValue = {"served_entities": [entity("transit-4", "4")]}
    config: JsonValue = {"served_entities": [entity("transit-3", "3")]}
    workspace.about = reply({"config": config, "pending_config": pending})
    for name, kind in {"transit-4": BackendDown, "transit-9": BackendMissing}.items():
        backend = workspace.open(served_entity=name)
        with pytest.raises(kind):
            await backend.revision()
        await backend.aclose()
    workspace.about = reply({"config": config, "pending_config": None})
    backend = workspace.open()
    assert await backend.revision() == "transit-3"
    await backend.aclose()


async def test_without_the_permission_to_view_the_name_is_all_there_is(workspace: Workspace) -> None:
    workspace.about = FORBIDDEN
    backend = workspace.open()
    assert await backend.revision() is None
    assert await answered_by(backend) == "transit-3"
    await backend.aclose()


async def test_a_name_that_is_no_text_is_no_revision(workspace: Workspace) -> None:
    workspace.about, workspace.answers = FORBIDDEN, "caf\xe9"  # sent as Latin-1
    backend = workspace.open()
    assert await answered_by(backend) is None
    await backend.aclose()


@pytest.mark.parametrize("broken", [Answer(500, b"{}"), Answer(body=b"[]"), Answer(body=b"<html>")])
async def test_predictions_need_no_description_of_the_endpoint(workspace: Workspace, broken: Answer) -> None:
    workspace.about = broken
    backend = workspace.open()
    assert [await answered_by(backend) for _ in range(2)] == [None, None]
    assert len(workspace.asked(ABOUT)) == 1
    await backend.aclose()


async def test_a_workspace_that_hangs_does_not_hold_up_predictions(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "TIMEOUT", 0.2)
    go_on = threading.Event()
    workspace.about = Answer(wait=go_on)
    backend = workspace.open()
    async with asyncio.timeout(TIMEOUT / 2):  # before the workspace gives up
        replies = await asyncio.gather(*(backend.predict([[1, 2]], TIMEOUT) for _ in range(4)))
        assert [reply.revision for reply in replies] == [None] * 4
        assert await answered_by(backend) is None
    go_on.set()
    await backend.aclose()


async def test_a_prediction_waits_for_a_name_as_long_as_it_has_time(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "TIMEOUT", TIMEOUT)
    go_on = threading.Event()
    workspace.about = Answer(wait=go_on)
    names = served.ServedEntities("Databricks", f"{workspace.stub.url}{ABOUT}", NoAuth(), None)
    async with asyncio.timeout(TIMEOUT / 2):
        assert await names.answered_by("transit-3", 0.2) is None
    go_on.set()
    await names.aclose()


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (Answer(404, b'{"error_code":"ENDPOINT_NOT_FOUND","message":"It does not exist."}'), BackendMissing),
        (Answer(404, b'{"error_code":"ENDPOINT_NOT_FOUND","message":"No API found"}'), BackendRefused),
        (Answer(404, b"no such page"), BackendRefused),
        (Answer(500, b'{"error_code":"INTERNAL_ERROR"}'), BackendDown),
        (Answer(403, b'{"error_code":403,"message":"Invalid access token."}'), BackendRefused),
        (Answer(body=b'{"config":{"served_entities":[{"name":7}]}}'), BadOutput),
        (Answer(body=b'{"config":{"served_entities":[]}}'), BackendRefused),
    ],
)
async def test_what_is_wrong_with_the_endpoint_shows_without_a_prediction(
    workspace: Workspace, about: Answer, expected: type[Exception]
) -> None:
    workspace.about = about
    backend = workspace.open()
    with pytest.raises(expected):
        await backend.revision()
    await backend.aclose()


async def test_an_endpoint_that_is_not_ready_is_down(workspace: Workspace) -> None:
    workspace.ready = "NOT_READY"
    backend = workspace.open()
    with pytest.raises(BackendDown):
        await backend.revision()
    await backend.aclose()
