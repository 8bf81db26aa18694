"""Serverless endpoints take 4 MB in a call: a body that is longer is not sent, once a look has told."""

import pytest
from pydantic import JsonValue

from app.backends.sagemaker.looks.looking import SERVERLESS_BYTES
from app.core.errors import BackendRejected
from tests.backends.sagemaker.account import DENIED, Account, Opener
from tests.support.aws_stub import Answer, Request, csv, error
from tests.support.eventually import TIMEOUT

SERVERLESS: JsonValue = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
LONG = "x" * (SERVERLESS_BYTES + 1)


@pytest.fixture(autouse=True)
def _runtime(account: Account) -> None:
    control = account.respond
    account.aws.respond = lambda request: csv("1") if is_call(request) else control(request)


def is_call(request: Request) -> bool:
    return "invocations" in request.path


def sent(account: Account) -> list[int]:
    """Lengths of the bodies of calls."""
    return [len(request.body) for request in account.aws.requests if is_call(request)]


async def test_a_long_body_asks_what_kind_of_endpoint_it_is_once(account: Account, opener: Opener) -> None:
    account.variants["all"]["CurrentServerlessConfig"] = SERVERLESS
    backend = opener()
    await backend.predict([["short"]], TIMEOUT)
    assert account.operations == [""] or len(account.aws.requests) == 1
    for _ in range(2):
        with pytest.raises(BackendRejected, match="more for one call than the 4 MB that a serverless"):
            await backend.predict([[LONG]], TIMEOUT)
    assert account.operations.count("DescribeEndpoint") == 1
    assert sent(account) == [5]
    assert backend.limits.bytes <= SERVERLESS_BYTES < 6_000_000


async def test_the_smaller_of_both_limits_counts(account: Account, opener: Opener) -> None:
    account.variants["all"]["CurrentServerlessConfig"] = SERVERLESS
    backend = opener(max_bytes=100_000)
    await backend.look()
    assert backend.limits.bytes == 100_000


@pytest.mark.parametrize("denied", [False, True])
async def test_elsewhere_a_long_body_is_sent(account: Account, opener: Opener, denied: bool) -> None:
    if denied:
        account.answers["DescribeEndpoint"] = DENIED
    backend = opener(endpoint_name=f"churn-{denied}")
    before = backend.limits
    await backend.predict([[LONG]], TIMEOUT)
    assert len(sent(account)) == 1
    assert backend.limits == before


async def test_what_the_configuration_says_counts_too(account: Account, opener: Opener) -> None:
    config = Answer(body=b'{"ProductionVariants": [{"VariantName": "all", "ServerlessConfig": {}}]}')
    account.answers["DescribeEndpointConfig"] = config
    found = await opener().look()
    assert found is not None
    assert found.most_bytes == SERVERLESS_BYTES


async def test_the_platforms_own_word_on_a_long_body_is_about_the_rows(
    account: Account, opener: Opener
) -> None:
    said = (
        "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length"
    )
    account.aws.script(error("ValidationError", 400, said))
    with pytest.raises(BackendRejected, match="too large for one call"):
        await opener().predict([[1]], TIMEOUT)
