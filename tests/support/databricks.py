"""A workspace of Databricks as a scripted server, with the endpoint ``transit``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.hosts import Hosts
from tests.support.http_stub import Answer, HttpStub, Request, http_stub, reply

DISCOVERY, TOKEN = "/oidc/.well-known/oauth-authorization-server", "/oidc/v1/token"
ABOUT, QUERY = "/api/2.0/serving-endpoints/transit", "/serving-endpoints/transit/invocations"
CREDENTIALS = {
    "DATABRICKS_TOKEN": "dapi-of-the-test",
    "DATABRICKS_CLIENT_ID": "principal",
    "DATABRICKS_CLIENT_SECRET": "dose-of-the-test",
}


def entity(name: str, version: str | None) -> dict[str, JsonValue]:
    return {"name": name, "entity_name": "main.sample.transit", "entity_version": version}


@dataclass
class Workspace:
    """Its OAuth tokens are token-1, token-2 and so on."""

    stub: HttpStub
    entities: list[JsonValue] = field(default_factory=lambda: [entity("transit-3", "3")])
    traffic: dict[str, int] = field(default_factory=dict)
    ready: str = "READY"
    about: Answer | None = None
    answers: str | None = "transit-3"
    """The header of what answers."""
    discovery: Answer | None = None
    token_endpoint: str = ""
    token: Answer | None = None
    tokens: int = 0

    def respond(self, request: Request) -> Answer:
        match request.path:
            case "/oidc/.well-known/oauth-authorization-server":
                place = self.token_endpoint or f"{self.stub.url}{TOKEN}"
                return self.discovery or reply({"token_endpoint": place})
            case "/oidc/v1/token":
                self.tokens += 1
                good = reply({"access_token": f"token-{self.tokens}", "expires_in": 3600})
                return self.token or good
            case "/api/2.0/serving-endpoints/transit":
                return self.about or self._about()
        headers = {"served-model-name": self.answers} if self.answers else {}
        return Answer(body=b'{"predictions":[1.5]}', headers={"Content-Type": "application/json", **headers})

    def _about(self) -> Answer:
        routes: list[JsonValue] = [
            {"served_entity_name": name, "traffic_percentage": share} for name, share in self.traffic.items()
        ]
        config: dict[str, JsonValue] = {
            "served_entities": self.entities,
            "traffic_config": {"routes": routes},
        }
        return reply({"state": {"ready": self.ready}, "config": config})

    def open(self, **options: JsonValue) -> Backend:
        options = {"url": self.stub.url, "endpoint": "transit", **options}
        hosts = Hosts(f"{self.stub.url}=*,http://localhost:{self.stub.server_port}=*")
        return open_backend("databricks", options, ("a", "b"), concurrency=4, hosts=hosts)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.stub.requests if request.path == path]


@contextmanager
def databricks_workspace() -> Iterator[Workspace]:
    with http_stub() as stub:
        found = Workspace(stub)
        stub.respond = found.respond
        yield found
