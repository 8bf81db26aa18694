"""Both ways of calling, made for a target, and the clock that both sign by."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from functools import partial

import pytest
from botocore import auth

from app import aws as clients
from app.backends.sagemaker.calls import signing
from app.backends.sagemaker.calls.asked import Asked
from app.backends.sagemaker.calls.chosen import Calls
from app.backends.sagemaker.calls.replies import Invoked
from tests.support.aws_stub import AwsStub
from tests.support.eventually import TIMEOUT

CONFIG = clients.call_config(attempts=1, connect_timeout=5, read_timeout=TIMEOUT)
Opener = Callable[..., Calls]
CSV = {"ContentType": "text/csv", "Accept": "text/csv"}


@pytest.fixture
def fresh_session() -> Iterator[None]:
    """For tests that change the credentials, which a session keeps."""
    clients.session.cache_clear()
    yield
    clients.session.cache_clear()


@pytest.fixture
async def opener(aws: AwsStub) -> AsyncIterator[Opener]:
    opened: list[Calls] = []

    def open_one(
        target: Mapping[str, str] | None = None, region: str | None = None, endpoint_url: str | None = None
    ) -> Calls:
        make = partial(clients.sagemaker_runtime_client, CONFIG, region=region, endpoint_url=endpoint_url)
        asked = {"EndpointName": "churn", **(target or {})}
        opened.append(Calls(Asked("The endpoint", asked, 4, make, connect_timeout=5, read_timeout=TIMEOUT)))
        return opened[-1]

    yield open_one
    for calls in opened:
        await calls.aclose()


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is signed in the test is signed at the same time."""
    now = datetime(2026, 11, 29, 12, 0, 0)
    for module in (auth, signing):
        monkeypatch.setattr(module, "get_current_datetime", lambda: now)


def by_boto3(
    target: Mapping[str, str], body: bytes, region: str | None = None, endpoint_url: str | None = None
) -> Invoked:
    """What boto3 itself makes of the call."""
    made = clients.sagemaker_runtime_client(CONFIG, region=region, endpoint_url=endpoint_url)
    answer = made.invoke_endpoint(**{"EndpointName": "churn", **target}, Body=body)
    return Invoked(
        answer["Body"].read(),
        answer.get("ContentType", ""),
        answer.get("InvokedProductionVariant", ""),
        answer.get("CustomAttributes", ""),
    )
