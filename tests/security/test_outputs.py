"""S4: whatever a platform answers is an error of ours or nothing, is never kept, and takes little memory."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.security.memory import Watched
from tests.security.platform import GOOD, HOSTILE, HostilePlatform, hostile_platform
from tests.support.aws_stub import aws_environment
from tests.support.demo import ROOT
from tests.support.eventually import TIMEOUT
from tests.support.figures import Figure
from tests.support.orders import FEATURES, order
from tests.support.service import running_service

pytestmark = pytest.mark.security

PATIENCE = 4
MOST = 256
"""Megabytes: of an answer's 32, with what aiohttp holds of it, or of a million values."""
LATE = {"backend-timeout", "not-in-time"}
REFUSALS = {"bad-output", "backend-down", "backend-rejected", "backend-refused", *LATE}
WAYS = ("sagemaker", "boto3", "mlflow", "kserve")
"""Through aiohttp and signed, through boto3 in threads, and two of the platforms that aiohttp calls."""


class Attacked:
    """A service, and the platform that it trusts."""

    def __init__(self, way: str, platform: HostilePlatform, client: httpx.Client, memory: Watched) -> None:
        self.way, self.platform, self.client, self.memory = way, platform, client, memory

    def ask(self) -> httpx.Response:
        return self.client.post("/predict/a?refresh=true")

    def recover(self) -> None:
        """Once it is called again: who fails too often is not for a moment."""
        self.platform.answer, deadline = GOOD, time.monotonic() + TIMEOUT
        while self.ask().status_code != 200:
            assert time.monotonic() < deadline, "the platform is not called any more"
            time.sleep(0.1)

    def kept(self) -> int:
        items: list[object] = self.client.get("/predictions?record_id=a").json()["items"]
        return len(items)


@pytest.fixture(scope="module", params=WAYS)
def attacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    way, folder = str(request.param), tmp_path_factory.mktemp("service")
    with ExitStack() as stack:
        platform = stack.enter_context(hostile_platform())
        database = stack.enter_context(request.getfixturevalue("postgres_server").clone())
        variables = _variables(way, database, platform.url)
        service = stack.enter_context(running_service(ROOT, variables, folder / "service.log"))
        client = stack.enter_context(httpx.Client(base_url=service.url, timeout=TIMEOUT))
        _register(client, way, platform.url)
        yield Attacked(way, platform, client, Watched(service.process.pid))


def _variables(way: str, database_url: str, platform_url: str) -> dict[str, str]:
    proxied = {"HTTP_PROXY": platform_url, "http_proxy": platform_url} if way == "boto3" else {}
    return {
        **{"DATABASE_URL": database_url, "DEFAULT_MODEL": "transit", "LOG_LEVEL": "WARNING"},
        **{"PREDICT_TIMEOUT": str(PATIENCE), "FAILURE_HOLD": "0", "BACKEND_HOSTS": platform_url},
        **aws_environment(platform_url),
        **proxied,
    }


def _register(client: httpx.Client, way: str, platform_url: str) -> None:
    options = {
        "mlflow": {"url": platform_url, "version": "1"},
        "kserve": {"url": platform_url, "model": "m", "protocol": "v1", "version": "1"},
    }.get(way, {"endpoint_name": "transit"})
    body = {
        **{"version": "1", "backend": way if way in ("mlflow", "kserve") else "sagemaker"},
        **{"options": options, "features": FEATURES, "promote": True, "probe": False},
    }
    answer = client.post("/models/transit/versions", json=body)
    assert answer.status_code == 201, answer.text
    assert client.put("/records/a", json=order(1.0)).status_code == 201


@pytest.mark.parametrize("harm", HOSTILE)
def test_an_answer_that_does_harm_is_refused(attacked: Attacked, harm: str, figure: Figure) -> None:
    attacked.recover()
    attacked.platform.answer = HOSTILE[harm]
    attacked.memory.reset()
    before, asked = attacked.kept(), attacked.platform.inferences
    answer = attacked.ask()
    said = answer.json()["type"].rpartition(":")[2]
    grown = attacked.memory.grown()
    figure("S4", f"{attacked.way}: {harm}", f"refused, under {MOST} MB", f"{said}, {grown:.0f} MB")
    assert attacked.platform.inferences > asked
    assert (answer.status_code, said in REFUSALS) == (504 if said in LATE else 502, True), said
    assert "secret" not in answer.text
    assert attacked.kept() == before
    assert grown < MOST


def test_the_same_platform_is_right_again(attacked: Attacked) -> None:
    """Nothing was learnt from what it answered before; and what is right is kept."""
    attacked.recover()
    before = attacked.kept()
    answer = attacked.ask()
    assert (answer.status_code, answer.json().get("prediction")) == (200, 1.5), answer.text
    assert attacked.kept() == before + 1


def test_what_is_refused_is_gone(attacked: Attacked, figure: Figure) -> None:
    attacked.recover()
    attacked.platform.answer = HOSTILE["100 MB"]
    attacked.memory.reset()
    assert {attacked.ask().status_code for _ in range(20)} == {502}
    grown = attacked.memory.grown()
    figure("S4", f"{attacked.way}: 20 answers of 100 MB", f"under {MOST} MB", f"{grown:.0f} MB")
    assert grown < MOST
