"""What is special about Databricks: where rows go, and what proves who is calling."""

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from pydantic import JsonValue

from app.core.errors import BackendDown, BackendRefused, BadOutput, InvalidInput
from tests.support.databricks import (
    ABOUT,
    CREDENTIALS,
    DISCOVERY,
    QUERY,
    TOKEN,
    Workspace,
    databricks_workspace,
)
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, http_stub, reply
from tests.support.looks import revision_of

ROUTE = "/1234567890/serving-endpoints/transit/invocations"


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with databricks_workspace() as found:
        yield found


async def test_a_personal_access_token_is_sent_and_never_renewed(workspace: Workspace) -> None:
    backend = workspace.open()
    await backend.predict([[1, 2]], TIMEOUT)
    (request,) = workspace.asked(QUERY)
    assert request.headers["authorization"] == "Bearer dapi-of-the-test"
    workspace.stub.script(Answer(403, b'{"error_code":403,"message":"Invalid access token."}'))
    with pytest.raises(BackendRefused):
        await backend.predict([[1, 2]], TIMEOUT)
    assert len(workspace.asked(QUERY)) == 2
    await backend.aclose()


async def test_the_token_may_be_in_another_variable(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_TOKEN_OF_PROD", "dapi-prod")
    backend = workspace.open(token_env="DATABRICKS_TOKEN_OF_PROD")
    await backend.predict([[1, 2]], TIMEOUT)
    assert workspace.asked(QUERY)[0].headers["authorization"] == "Bearer dapi-prod"
    await backend.aclose()
    with pytest.raises(InvalidInput):
        workspace.open(token_env="AWS_SECRET_ACCESS_KEY")


async def test_a_bare_matrix(workspace: Workspace) -> None:
    backend = workspace.open(body="inputs")
    await backend.predict([[1, None]], TIMEOUT)
    assert workspace.asked(QUERY)[0].json == {"inputs": [[1, None]]}
    await backend.aclose()


@pytest.mark.parametrize(
    "place", ["https://127.0.0.1/oidc/v1/token", "https://example.org/oidc/v1/token", ""]
)
async def test_the_secret_goes_to_no_other_host(workspace: Workspace, place: str) -> None:
    """Not even to another port of the same machine."""
    with http_stub() as elsewhere:
        workspace.token_endpoint = place or f"{elsewhere.url}/oidc/v1/token"
        backend = workspace.open(auth="oauth")
        with pytest.raises(BackendRefused, match="another host"):
            await backend.predict([[1, 2]], TIMEOUT)
        assert [request.path for request in workspace.stub.requests] == [DISCOVERY]
        assert not elsewhere.requests
        await backend.aclose()


async def test_a_host_that_begins_like_the_workspace_is_another(workspace: Workspace) -> None:
    workspace.token_endpoint = f"{workspace.stub.url}.example.org/oidc/v1/token"
    backend = workspace.open(auth="oauth")
    with pytest.raises(BackendRefused, match="another host"):
        await backend.predict([[1, 2]], TIMEOUT)
    await backend.aclose()


@pytest.mark.parametrize("status", [400, 401])
async def test_a_principal_that_gets_no_token(workspace: Workspace, status: int) -> None:
    workspace.token = Answer(status, b'{"error":"invalid_client"}', {"Content-Type": "application/json"})
    backend = workspace.open(auth="oauth")
    with pytest.raises(BackendRefused) as caught:
        await backend.predict([[1, 2]], TIMEOUT)
    assert "dose-of-the-test" not in caught.value.detail
    assert workspace.tokens == 1
    assert not workspace.asked(QUERY)
    await backend.aclose()


async def test_an_answer_without_a_token(workspace: Workspace) -> None:
    workspace.token = reply({"access_token": None, "expires_in": 3600})
    backend = workspace.open(auth="oauth")
    with pytest.raises(BadOutput, match="no token"):
        await backend.predict([[1, 2]], TIMEOUT)
    await backend.aclose()


async def test_a_workspace_that_fails_to_name_its_token_endpoint(workspace: Workspace) -> None:
    workspace.discovery = Answer(500, b"{}")
    backend = workspace.open(auth="oauth")
    with pytest.raises(BackendDown):
        await backend.predict([[1, 2]], TIMEOUT)
    await backend.aclose()


async def test_a_token_that_cannot_be_sent(workspace: Workspace) -> None:
    workspace.token = reply({"access_token": "tökén", "expires_in": 3600})
    backend = workspace.open(auth="oauth")
    with pytest.raises(BackendRefused, match="ASCII"):
        await backend.predict([[1, 2]], TIMEOUT)
    await backend.aclose()


async def test_a_route_optimised_endpoint_has_an_address_and_a_token_of_its_own(workspace: Workspace) -> None:
    route = f"http://localhost:{workspace.stub.server_port}{ROUTE}"
    workspace.answers = None
    backend = workspace.open(auth="oauth", route_url=route)
    assert (await backend.predict([[1, 2]], TIMEOUT)).outputs == [1.5]
    assert await revision_of(backend) == "transit-3"
    details = [
        parse_qs(request.body.decode()).get("authorization_details") for request in workspace.asked(TOKEN)
    ]
    permission = (
        '[{"type": "workspace_permission", "object_type": "serving-endpoints",'
        ' "object_path": "/serving-endpoints/localhost", "actions": ["query_inference_endpoint"]}]'
    )
    assert details == [[permission], None]
    assert workspace.asked(ROUTE)[0].headers["authorization"] == "Bearer token-1"
    assert workspace.asked(ABOUT)[0].headers["authorization"] == "Bearer token-2"
    assert not workspace.asked(QUERY)
    await backend.aclose()


@pytest.mark.parametrize(
    "wrong",
    [
        {"auth": "token"},
        {"served_entity": "transit-3"},
        {"route_url": "https://x.serving.cloud.databricks.com/1/serving-endpoints/transit/invocations"},
    ],
)
def test_a_route_that_cannot_work_is_refused(workspace: Workspace, wrong: dict[str, JsonValue]) -> None:
    options: dict[str, JsonValue] = {"auth": "oauth", "route_url": f"{workspace.stub.url}{ROUTE}"}
    with pytest.raises(InvalidInput) as caught:
        workspace.open(**(options | wrong))
    assert "route_url" in f"{caught.value.errors}"


@pytest.mark.parametrize("name", ["", "a/b", "a b", "..", "a?b", "é"])
@pytest.mark.parametrize("option", ["endpoint", "served_entity"])
def test_names_stay_within_their_part_of_the_address(workspace: Workspace, option: str, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        workspace.open(**{option: name})
    assert [fault.field for fault in caught.value.errors] == [f"options.{option}"]


def test_a_body_takes_16_mb(workspace: Workspace) -> None:
    body = len(b'{"dataframe_split":{"columns":["a", "b"],"data":[]}}')
    assert abs(workspace.open().limits.bytes - (16_000_000 - body)) <= 1
    with pytest.raises(InvalidInput):
        workspace.open(max_bytes=16_000_001)
