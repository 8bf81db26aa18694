"""Which of a Databricks endpoint's models answered, and what it has deployed."""

from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from app.backends.base import Backend, Deployed
from app.core.errors import BackendDown, BackendMissing, BackendRefused, BadOutput
from tests.support.databricks import ABOUT, CREDENTIALS, Workspace, databricks_workspace, entity
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, reply
from tests.support.looks import revision_of

FORBIDDEN = Answer(403, b'{"error_code":"PERMISSION_DENIED","message":"no View on the endpoint"}')


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with databricks_workspace() as found:
        yield found


async def answered_by(backend: Backend) -> str | None:
    reply = await backend.predict([[1, 2]], TIMEOUT)
    ends_in_a_version = reply.variant is not None and reply.variant[-2:] in ("-3", "-4")
    assert reply.revision == (reply.variant if ends_in_a_version else None)
    return reply.variant


async def test_a_reply_names_what_answered_and_a_look_knows_its_revision(workspace: Workspace) -> None:
    backend = workspace.open()
    assert await backend.look() == found({"transit-3": "transit-3"})
    assert await answered_by(backend) == "transit-3"
    workspace.entities, workspace.answers = [entity("transit-4", "4")], "transit-4"  # a new version went live
    assert await answered_by(backend) == "transit-4"
    assert len(workspace.asked(ABOUT)) == 1  # predictions ask the workspace nothing
    await backend.aclose()


def found(variants: dict[str, str], *, only: frozenset[str] = frozenset(), pending: bool = False) -> Deployed:
    revisions = only or frozenset(variants.values())
    return Deployed(revisions, variants, pending, surroundings='{"routes":[]}')


async def test_a_chosen_name_does_not_say_the_version(workspace: Workspace) -> None:
    workspace.entities, workspace.answers = [entity("champion", "3")], "champion"
    backend = workspace.open()
    assert await backend.look() == found({"champion": "champion version 3"})
    assert await answered_by(backend) == "champion"
    await backend.aclose()


async def test_several_entities_are_several_revisions(workspace: Workspace) -> None:
    workspace.entities = [entity("transit-3", "3"), entity("challenger", "4"), entity("old-1", "1")]
    workspace.traffic = {"transit-3": 90, "challenger": 10, "old-1": 0}
    backend = workspace.open()
    look = await backend.look()
    assert look is not None
    assert look.variants == {"transit-3": "transit-3", "challenger": "challenger version 4"}
    assert look.revisions == {"transit-3", "challenger version 4"}
    await backend.aclose()


async def test_moving_the_split_moves_the_surroundings(workspace: Workspace) -> None:
    workspace.entities = [entity("transit-3", "3"), entity("challenger", "4")]
    backend, looks = workspace.open(), []
    for share in (10, 20):
        workspace.traffic = {"transit-3": 100 - share, "challenger": share}
        looks.append(await backend.look())
    before, after = looks
    assert before is not None
    assert after is not None
    assert (before.revisions, before.variants) == (after.revisions, after.variants)
    assert before.surroundings != after.surroundings
    await backend.aclose()


@pytest.mark.parametrize(
    ("now", "soon", "pending"),
    [
        (("transit-3", "3"), ("transit-4", "4"), False),  # whichever answers, its name tells
        (("champion", "3"), ("champion", "4"), True),
        (("champion", "3"), ("champion", "3"), False),  # another size
    ],
)
@pytest.mark.parametrize("update", ["IN_PROGRESS", "UPDATE_FAILED"])
async def test_an_update_is_pending_where_a_name_will_stand_for_another_revision(
    workspace: Workspace, now: tuple[str, str], soon: tuple[str, str], update: str, *, pending: bool
) -> None:
    config: JsonValue = {"served_entities": [entity(*now)], "config_version": 5}
    arriving: JsonValue = {"served_entities": [entity(*soon)], "config_version": 6}
    state: JsonValue = {"ready": "READY", "config_update": update}
    workspace.about = reply({"config": config, "pending_config": arriving, "state": state})
    backend = workspace.open()
    look, under_way = await backend.look(), update == "IN_PROGRESS"
    assert look is not None
    assert len(look.revisions) == 1
    assert look.pending == (pending and under_way)
    assert look.changed == "5"
    assert (soon[0] in look.variants) == (under_way or soon[0] == now[0])
    await backend.aclose()


async def test_one_of_several_entities(workspace: Workspace) -> None:
    workspace.entities = [entity("transit-3", "3"), entity("challenger", "4")]
    backend = workspace.open(served_entity="transit-3")
    assert await answered_by(backend) == "transit-3"
    assert workspace.asked("/serving-endpoints/transit/served-models/transit-3/invocations")
    assert await revision_of(backend) == "transit-3"
    await backend.aclose()
    gone = workspace.open(served_entity="transit-9")
    with pytest.raises(BackendMissing) as caught:
        await revision_of(gone)
    assert [fault.field for fault in caught.value.errors] == ["options.served_entity"]
    await gone.aclose()


async def test_an_entity_that_is_being_deployed_is_not_missing(workspace: Workspace) -> None:
    pending: JsonValue = {"served_entities": [entity("transit-4", "4")]}
    config: JsonValue = {"served_entities": [entity("transit-3", "3")]}
    workspace.about = reply({"config": config, "pending_config": pending})
    for name, kind in {"transit-4": BackendDown, "transit-9": BackendMissing}.items():
        backend = workspace.open(served_entity=name)
        with pytest.raises(kind):
            await revision_of(backend)
        await backend.aclose()
    workspace.about = reply({"config": config, "pending_config": None})
    backend = workspace.open()
    assert await revision_of(backend) == "transit-3"
    await backend.aclose()


async def test_without_the_permission_to_view_the_name_is_all_there_is(workspace: Workspace) -> None:
    workspace.about = FORBIDDEN
    backend = workspace.open()
    assert await revision_of(backend) is None
    assert await answered_by(backend) == "transit-3"
    await backend.aclose()


async def test_a_name_that_is_no_text_is_no_revision(workspace: Workspace) -> None:
    workspace.about, workspace.answers = FORBIDDEN, "caf\xe9"  # sent as Latin-1
    backend = workspace.open()
    assert await answered_by(backend) is None
    await backend.aclose()


async def test_predictions_need_no_description_of_the_endpoint(workspace: Workspace) -> None:
    workspace.about = Answer(500, b"{}")
    backend = workspace.open()
    assert [await answered_by(backend) for _ in range(2)] == ["transit-3"] * 2
    assert not workspace.asked(ABOUT)
    await backend.aclose()


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
        await revision_of(backend)
    await backend.aclose()


async def test_an_endpoint_that_is_not_ready_is_down(workspace: Workspace) -> None:
    workspace.ready = "NOT_READY"
    backend = workspace.open()
    with pytest.raises(BackendDown):
        await revision_of(backend)
    await backend.aclose()
