"""Credentials that end are renewed, in time, in a thread, and once for all who wait."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from botocore.credentials import Credentials, DeferredRefreshableCredentials, RefreshableCredentials
from botocore.exceptions import CredentialRetrievalError, MetadataRetrievalError

from app.backends.sagemaker.calls import credentials as ours
from app.backends.sagemaker.calls.credentials import FreshCredentials, are_known
from tests.backends.sagemaker.calls.conftest import CSV, Opener
from tests.support.aws_stub import Answer, AwsStub, Request, csv, reply
from tests.support.eventually import TIMEOUT, until

Metadata = dict[str, str]


class Source:
    """Gives keys out: k1, k2 and so on, each for ``lasts`` seconds from now."""

    def __init__(self) -> None:
        self.fetched, self.lasts = 0, 3600.0
        self.failure: Exception | None = None
        self.go_on = threading.Event()
        self.go_on.set()
        self.threads: set[threading.Thread] = set()

    def fetch(self) -> Metadata:
        self.threads.add(threading.current_thread())
        assert self.go_on.wait(TIMEOUT)
        if self.failure:
            raise self.failure
        self.fetched += 1
        ends = datetime.now(UTC) + timedelta(seconds=self.lasts)
        key = f"k{self.fetched}"
        return {"access_key": key, "secret_key": "s", "token": "t", "expiry_time": ends.isoformat()}


def refreshable(source: Source, *, seconds: float) -> RefreshableCredentials:
    """Credentials k0 that end in so many seconds."""
    ends = datetime.now(UTC) + timedelta(seconds=seconds)
    return RefreshableCredentials("k0", "s", "t", ends, source.fetch, "test")


async def key(fresh: FreshCredentials) -> str:
    return str((await asyncio.wait_for(fresh.frozen(), TIMEOUT)).access_key)


@pytest.fixture
def source() -> Source:
    return Source()


async def test_those_that_do_not_end_are_read_as_they_are(source: Source) -> None:
    assert await key(FreshCredentials(Credentials("fixed", "s"))) == "fixed"
    assert await key(FreshCredentials(refreshable(source, seconds=3600))) == "k0"
    assert source.fetched == 0


@pytest.mark.parametrize("seconds", [-10, 5, 300])
async def test_those_that_end_are_renewed_once_in_a_thread(source: Source, seconds: float) -> None:
    fresh = FreshCredentials(refreshable(source, seconds=seconds))
    assert await asyncio.gather(*(key(fresh) for _ in range(20))) == ["k1"] * 20
    assert source.fetched == 1
    assert threading.main_thread() not in source.threads


async def test_those_that_are_fetched_at_first_use_are_too(source: Source) -> None:
    fresh = FreshCredentials(DeferredRefreshableCredentials(source.fetch, "test"))
    assert [await key(fresh), await key(fresh)] == ["k1", "k1"]
    assert threading.main_thread() not in source.threads


async def test_while_others_are_fetched_the_ones_that_hold_are_used(source: Source) -> None:
    source.lasts = 800  # less than botocore's fifteen minutes: the next call fetches again
    fresh = FreshCredentials(refreshable(source, seconds=300))
    assert await key(fresh) == "k1"
    source.go_on.clear()
    assert [await key(fresh) for _ in range(5)] == ["k1"] * 5  # nobody waits
    source.go_on.set()
    await until(lambda: source.fetched == 2)


async def test_what_was_read_long_ago_is_waited_for(source: Source) -> None:
    """Another client of the session may have renewed them since: then what is kept ended long ago."""
    source.lasts, now = 800, 0.0
    fresh = FreshCredentials(refreshable(source, seconds=300), elapsed=lambda: now)
    assert await key(fresh) == "k1"
    now = ours.KEPT + 1
    assert await key(fresh) == "k2"


@pytest.mark.parametrize("failure", [MetadataRetrievalError(error_msg="away"), None])
async def test_where_they_cannot_be_had_the_next_call_asks_again(
    source: Source, failure: Exception | None
) -> None:
    """None: those that were given have ended already, of which botocore makes a RuntimeError."""
    source.failure, source.lasts = failure, 3600 if failure else -5
    fresh = FreshCredentials(refreshable(source, seconds=5))
    with pytest.raises((MetadataRetrievalError, CredentialRetrievalError)):
        await key(fresh)
    source.failure, source.lasts = None, 3600
    assert await key(fresh) == f"k{source.fetched}"


async def test_an_early_failure_is_borne(source: Source) -> None:
    source.failure = MetadataRetrievalError(error_msg="away")
    fresh = FreshCredentials(refreshable(source, seconds=800))
    assert [await key(fresh), await key(fresh)] == ["k0", "k0"]


async def test_who_gives_up_stops_nobody_else(source: Source) -> None:
    source.go_on.clear()
    fresh = FreshCredentials(refreshable(source, seconds=5))
    first, second = (asyncio.create_task(key(fresh)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    source.go_on.set()
    assert await second == "k1"
    assert source.fetched == 1


@pytest.mark.usefixtures("fresh_session")
async def test_those_of_a_task_are_renewed_between_calls(
    aws: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a container on ECS or EKS gets them: for so short a time that each call needs others."""
    given = count(1)

    def respond(request: Request) -> Answer:
        if request.path != "/role":
            return csv("1")
        ends = datetime.now(UTC) + timedelta(seconds=30)
        key = f"KEY{next(given)}"
        return reply(
            {"AccessKeyId": key, "SecretAccessKey": "s", "Token": key, "Expiration": ends.isoformat()}
        )

    aws.respond = respond
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{aws.url}/role")
    calls = opener(CSV)
    for _ in range(3):
        await calls.invoke(b"1")
    tokens = [request.headers["x-amz-security-token"] for request in aws.requests if request.path != "/role"]
    assert len(set(tokens)) == 3


def test_what_a_plug_in_brings_is_not_known(source: Source) -> None:
    class Own(Credentials):
        pass

    assert are_known(Credentials("k", "s"))
    assert are_known(refreshable(source, seconds=5))
    assert not are_known(Own("k", "s"))
