"""What only botocore can do goes through boto3, in threads, and ends in the same errors."""

import asyncio
import threading
from collections.abc import Mapping

import pytest
from botocore.config import Config
from botocore.credentials import Credentials

from app import aws as clients
from app.aws.roles import AwsSession
from app.backends import base
from app.backends.registry import open_backend
from app.backends.sagemaker.calls import chosen
from app.core.errors import BackendDown, BackendRefused, BackendTimeout, BadOutput
from app.core.hosts import Hosts
from tests.backends.sagemaker.calls.conftest import CSV, Opener
from tests.support.aws_stub import Answer, AwsStub, csv
from tests.support.eventually import TIMEOUT

ABROAD = "http://runtime.example.org"


@pytest.fixture
def proxy(aws: AwsStub, fresh_session: None, monkeypatch: pytest.MonkeyPatch) -> AwsStub:
    """The stub, as the proxy of all but this machine."""
    monkeypatch.setenv("HTTP_PROXY", aws.url.replace("//", "//user:hush@"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", ABROAD)
    return aws


@pytest.fixture
def sent(aws: AwsStub, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads in which boto3 was asked for a call."""
    names: list[str] = []
    make = clients.sagemaker_runtime_client

    def noted(config: Config, *, endpoint_url: str | None = None) -> object:
        names.append(threading.current_thread().name.rpartition("_")[0])
        return make(config, endpoint_url=endpoint_url)

    monkeypatch.setattr(clients, "sagemaker_runtime_client", noted)
    return names


async def test_a_proxy_is_botocores(proxy: AwsStub, sent: list[str], opener: Opener) -> None:
    assert (await opener(CSV).invoke(b"1,2")).content == b"1"
    (request,) = proxy.requests
    assert request.path == f"{ABROAD}/endpoints/churn/invocations"
    assert request.headers["proxy-authorization"].startswith("Basic ")
    assert sent[-1] == "sagemaker"


async def test_what_needs_no_proxy_goes_directly(
    proxy: AwsStub, sent: list[str], opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opener(CSV, endpoint_url=proxy.url).invoke(b"1")
    assert "sagemaker" not in sent


@pytest.mark.usefixtures("fresh_session")
@pytest.mark.parametrize("reason", ["plug-in", "credentials", "signature"])
async def test_what_else_is_left_to_botocore(
    aws: AwsStub, sent: list[str], opener: Opener, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    class Own(Credentials):
        pass

    if reason == "plug-in":
        monkeypatch.setenv(chosen.PLUGINS, "tracing=no_such_module")
    elif reason == "credentials":
        monkeypatch.setattr(AwsSession, "get_credentials", lambda _: Own("k", "s"))
    else:
        monkeypatch.setattr(chosen, "prepared", lambda request: None)
    assert (await opener(CSV).invoke(b"1,2")).content == b"1"
    assert sent[-1] == "sagemaker"
    assert len(aws.requests) == 1


async def test_credentials_that_come_later_are_found(
    proxy: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    backend = open_backend("sagemaker", {"endpoint_name": "e"}, ["a"], concurrency=1, hosts=Hosts())
    for _ in range(2):
        with pytest.raises(BackendRefused, match="no AWS credentials"):
            await backend.predict([[1]], TIMEOUT)
    assert not proxy.requests
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    assert (await backend.predict([[1]], TIMEOUT)).outputs == [1]
    await backend.aclose()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(503), BackendDown),
        (Answer(403), BackendRefused),
        (Answer(reset=True), BackendDown),
        (Answer(body=b"0.5", missing=9), BackendDown),
    ],
)
async def test_its_failures_are_the_same_errors(
    proxy: AwsStub, answer: Answer, expected: type[Exception]
) -> None:
    proxy.script(answer)
    backend = open_backend("sagemaker", {"endpoint_name": "e"}, ["a"], concurrency=1, hosts=Hosts())
    with pytest.raises(expected) as caught:
        await backend.predict([[1]], TIMEOUT)
    assert len(proxy.requests) == 1
    assert "hush" not in str(caught.value)
    await backend.aclose()


async def test_its_time_ends_though_the_thread_goes_on(proxy: AwsStub) -> None:
    go_on = threading.Event()
    proxy.script(Answer(wait=go_on), csv("2"))
    backend = open_backend("sagemaker", {"endpoint_name": "e"}, ["a"], concurrency=2, hosts=Hosts())
    with pytest.raises(BackendTimeout, match=r"no answer came within 0\.5 s"):
        await backend.predict([[1]], 0.5)
    await proxy.received()
    assert (await backend.predict([[1]], TIMEOUT)).outputs == [2]
    go_on.set()
    await backend.aclose()


async def test_closing_does_not_wait_for_it(proxy: AwsStub, opener: Opener) -> None:
    go_on = threading.Event()
    proxy.script(Answer(body=b"2", wait=go_on))
    calls = opener(CSV)
    call = asyncio.create_task(calls.invoke(b"1"))
    await proxy.received()
    await calls.aclose()
    assert not call.done()
    go_on.set()
    assert (await call).content == b"2"


async def test_its_answers_are_bounded(
    proxy: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "MAX_REPLY", 1000)
    proxy.script(Answer(body=b"1" * 1001))
    with pytest.raises(BadOutput, match="more than"):
        await opener(CSV).invoke(b"1")


def test_a_request_is_taken_only_where_it_was_asked_for(aws: AwsStub) -> None:
    """The client is shared with calls that are really to be sent."""
    config = clients.call_config(attempts=1, connect_timeout=5, read_timeout=TIMEOUT)
    client = clients.sagemaker_runtime_client(config)
    target: Mapping[str, str] = {"EndpointName": "churn"}
    for _ in range(2):
        assert clients.signed_invocation(client, target).url.endswith("/endpoints/churn/invocations")
    assert not aws.requests
    assert client.invoke_endpoint(EndpointName="churn", Body=b"1")["Body"].read() == b"1"
    assert len(aws.requests) == 1
