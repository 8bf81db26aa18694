"""The backend and Databricks' own client before a stand-in's addresses, with a real MLflow server behind."""

import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendMissing, BackendRefused, BackendRejected
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.platforms.conftest import Agreement
from tests.platforms.databricks.front import ENDPOINT, WORKSPACE_ID, Entity, Front
from tests.platforms.databricks.workspace import CLIENT_ID, CLIENT_SECRET, PERSONAL_TOKEN
from tests.platforms.mlflow.servers import fill, scoring
from tests.platforms.sample import SampleModel
from tests.platforms.venvs import platform_venv
from tests.support.looks import revision_of, told
from tests.support.server import serving

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]

CREDENTIALS = {
    "pat": {"DATABRICKS_TOKEN": PERSONAL_TOKEN},
    "oauth-m2m": {"DATABRICKS_CLIENT_ID": CLIENT_ID, "DATABRICKS_CLIENT_SECRET": CLIENT_SECRET},
}
"""By the names of the vendor's client."""


@dataclass(frozen=True)
class Workspace:
    """The stand-in, and its address."""

    front: Front
    url: str

    @asynccontextmanager
    async def opened(self, features: Sequence[str], **options: JsonValue) -> AsyncIterator[Backend]:
        port = self.url.rpartition(":")[2]
        options = {"url": self.url, "endpoint": ENDPOINT, **options}
        hosts = Hosts(f"http://127.0.0.1:{port}=*,http://localhost:{port}=*")
        backend = open_backend("databricks", options, features, concurrency=4, hosts=hosts)
        try:
            yield backend
        finally:
            await backend.aclose()

    def route_url(self) -> str:
        """The route-optimised address; its host begins with what identifies the endpoint, localhost here."""
        address = self.url.replace("127.0.0.1", "localhost")
        return f"{address}/{WORKSPACE_ID}/serving-endpoints/{ENDPOINT}/invocations"


@pytest.fixture(scope="module")
def container(sample: SampleModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("databricks")
    registry = f"sqlite:///{folder}/registry.db"
    fill(registry, folder, sample)
    with scoring(folder, registry, "models:/transit@champion") as address:
        yield address


@pytest.fixture
def workspace(container: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    for name, value in (CREDENTIALS["pat"] | CREDENTIALS["oauth-m2m"]).items():
        monkeypatch.setenv(name, value)
    front = Front(container)
    with serving(front.app()) as url:
        yield Workspace(front, url)


async def predicted(backend: Backend, rows: Sequence[Row]) -> list[float]:
    outputs = (await backend.predict(rows, 60)).outputs
    return [output for output in outputs if isinstance(output, float)]


@pytest.mark.parametrize("auth", ["token", "oauth"])
async def test_it_agrees(workspace: Workspace, sample: SampleModel, agreement: Agreement, auth: str) -> None:
    outputs: list[float] = []
    async with workspace.opened(sample.features, auth=auth) as backend:
        for start in range(0, 1000, 250):
            outputs += await predicted(backend, sample.rows[start : start + 250])
    counterpart = f"stand-in before mlflow 3.17.0 models serve, {auth}"
    agreement(counterpart=counterpart, outputs=outputs, tolerance=1e-4)


async def test_a_route_optimised_address(workspace: Workspace, sample: SampleModel) -> None:
    async with workspace.opened(sample.features, auth="oauth", route_url=workspace.route_url()) as backend:
        assert await predicted(backend, sample.rows[:9]) == pytest.approx(sample.expected[:9])
        assert await revision_of(backend) == "transit-2"
    assert workspace.front.accounts.requests == 2  # a token for each address


async def test_one_row_and_another_order(workspace: Workspace, sample: SampleModel) -> None:
    async with workspace.opened(sample.features) as backend:
        assert await predicted(backend, sample.rows[:1]) == pytest.approx(sample.expected[:1])
        assert await predicted(backend, sample.rows[9::-1]) == pytest.approx(sample.expected[9::-1])


@pytest.mark.parametrize("auth", ["pat", "oauth-m2m"])
async def test_the_vendors_client_gets_the_same(
    workspace: Workspace, sample: SampleModel, tmp_path: Path, auth: str
) -> None:
    rows = sample.rows[:50]
    calls: list[JsonValue] = [[ENDPOINT, [*sample.features], [[*row] for row in rows]], [ENDPOINT, [], None]]
    answered, about = vendors_client(workspace, calls, auth, CREDENTIALS[auth], tmp_path)
    async with workspace.opened(sample.features) as backend:
        reply = await backend.predict(rows, 60)
    assert answered == [reply.variant, reply.outputs] == ["transit-2", pytest.approx(sample.expected[:50])]
    assert about == [["transit-2"], ["2"]]


def test_the_vendors_client_knows_the_refusals(
    workspace: Workspace, sample: SampleModel, tmp_path: Path
) -> None:
    row: list[JsonValue] = [*sample.rows[0][:6], None, *sample.rows[0][7:]]  # no weekday
    calls: list[JsonValue] = [[ENDPOINT, [*sample.features], [row]], ["another", [*sample.features], [row]]]
    outcomes = vendors_client(workspace, calls, "pat", CREDENTIALS["pat"], tmp_path)
    assert outcomes == [["BadRequest"], ["ResourceDoesNotExist"]]
    wrong = vendors_client(workspace, calls[:1], "pat", {"DATABRICKS_TOKEN": "dapi-another"}, tmp_path)
    assert wrong == [["PermissionDenied"]]


def vendors_client(
    workspace: Workspace, calls: list[JsonValue], auth: str, credentials: Mapping[str, str], home: Path
) -> list[JsonValue]:
    """What client.py prints for these calls; it reads no configuration of this machine's user."""
    program = [platform_venv("databricks") / "python", Path(__file__).with_name("client.py")]
    others = {name: value for name, value in os.environ.items() if not name.startswith("DATABRICKS_")}
    env = {**others, **credentials, "HOME": str(home)}
    done = subprocess.run(
        [*program, workspace.url, auth],
        input=json.dumps(calls),
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    outcomes: list[JsonValue] = json.loads(done.stdout)
    return outcomes


async def test_an_expired_token_is_renewed_once(workspace: Workspace, sample: SampleModel) -> None:
    async with workspace.opened(sample.features, auth="oauth") as backend:
        await backend.predict(sample.rows[:1], 60)
        workspace.front.accounts.expire_all()
        assert await predicted(backend, sample.rows[:9]) == pytest.approx(sample.expected[:9])
    assert workspace.front.accounts.requests == 2


@pytest.mark.parametrize(
    ("auth", "name"), [("token", "DATABRICKS_TOKEN"), ("oauth", "DATABRICKS_CLIENT_SECRET")]
)
async def test_wrong_credentials_are_refused(
    workspace: Workspace, sample: SampleModel, monkeypatch: pytest.MonkeyPatch, auth: str, name: str
) -> None:
    monkeypatch.setenv(name, "of-somebody-else")
    async with workspace.opened(sample.features, auth=auth) as backend:
        with pytest.raises(BackendRefused) as caught:
            await backend.predict(sample.rows[:1], 60)
        assert "of-somebody-else" not in caught.value.detail
        with pytest.raises(BackendRefused):
            await revision_of(backend)


async def test_an_unknown_endpoint_is_refused(workspace: Workspace, sample: SampleModel) -> None:
    async with workspace.opened(sample.features, endpoint="another") as backend:
        with pytest.raises(BackendMissing):
            await backend.predict(sample.rows[:1], 60)
        with pytest.raises(BackendMissing):
            await revision_of(backend)


async def test_what_the_model_refuses(workspace: Workspace, sample: SampleModel) -> None:
    without_weekday = [*sample.rows[0][:6], None, *sample.rows[0][7:]]
    async with workspace.opened(sample.features) as backend:
        with pytest.raises(BackendRejected) as caught:
            await backend.predict([without_weekday], 60)
    assert (
        caught.value.detail == "Databricks endpoint 'transit' answered with status 400: it refused the rows."
    )


async def test_a_new_version_shows_in_the_answer(workspace: Workspace, sample: SampleModel) -> None:
    async with workspace.opened(sample.features) as backend:
        assert await revision_of(backend) == "transit-2"
        workspace.front.entities = [Entity("3", "transit-3")]
        assert (await backend.predict(sample.rows[:1], 60)).variant == "transit-3"


async def test_a_chosen_name_tells_no_version_alone(workspace: Workspace, sample: SampleModel) -> None:
    workspace.front.entities = [Entity("2", "champion")]
    async with workspace.opened(sample.features) as backend:
        reply = await backend.predict(sample.rows[:1], 60)
        assert (reply.revision, reply.variant) == (None, "champion")
        assert told(reply, await backend.look()) == "champion version 2"


async def test_one_of_several_entities(workspace: Workspace, sample: SampleModel) -> None:
    workspace.front.entities = [Entity("2", "transit-2", 90), Entity("3", "transit-3", 10)]
    async with workspace.opened(sample.features, served_entity="transit-3") as backend:
        assert (await backend.predict(sample.rows[:1], 60)).variant == "transit-3"
        assert await revision_of(backend) == "transit-3"
    async with workspace.opened(sample.features) as backend:
        found = await backend.look()
        assert found is not None
        assert found.revisions == {"transit-2", "transit-3"}


async def test_without_the_permission_to_view(workspace: Workspace, sample: SampleModel) -> None:
    workspace.front.may_view = False
    async with workspace.opened(sample.features) as backend:
        assert await revision_of(backend) is None
        assert (await backend.predict(sample.rows[:1], 60)).variant == "transit-2"
