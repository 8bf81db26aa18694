"""Where calls go: FIPS and VPC endpoints are botocore's own settings, and one option."""

from collections.abc import Iterator, Mapping

import pytest

from app import aws
from app.aws.clients import STS, session_for
from app.backends.registry import open_backend
from app.backends.sagemaker.calls.signing import prepared
from app.core.errors import InvalidInput
from app.core.hosts import Hosts

CONFIG = aws.call_config(attempts=1, connect_timeout=1, read_timeout=1)
VPC = "https://vpce-0123-abcd.runtime.sagemaker.eu-west-1.vpce.amazonaws.com"


@pytest.fixture(autouse=True)
def _own_session(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    request.getfixturevalue("aws")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    aws.session.cache_clear()
    yield
    aws.session.cache_clear()


def hosts_of_calls(region: str | None = None) -> list[str]:
    """Of the control plane, of S3 and of STS."""
    session = session_for(None, region)
    clients = (
        aws.sagemaker_client(CONFIG, region=region),
        aws.s3_client(CONFIG, region=region),
        session.core.create_client("sts", region_name=region, config=STS),
    )
    return [client.meta.endpoint_url.removeprefix("https://") for client in clients]


@pytest.mark.parametrize(
    ("variables", "region", "hosts"),
    [
        (
            {},
            None,
            [
                "api.sagemaker.us-east-1.amazonaws.com",
                "s3.amazonaws.com",
                "sts.us-east-1.amazonaws.com",
            ],
        ),
        (
            {"AWS_USE_FIPS_ENDPOINT": "true"},
            "us-west-2",
            [
                "api-fips.sagemaker.us-west-2.amazonaws.com",
                "s3-fips.us-west-2.amazonaws.com",
                "sts-fips.us-west-2.amazonaws.com",
            ],
        ),
        (
            {
                "AWS_ENDPOINT_URL_SAGEMAKER": "https://vpce-1.api",
                "AWS_ENDPOINT_URL_STS": "https://vpce-2.sts",
            },
            "eu-west-1",
            ["vpce-1.api", "s3.eu-west-1.amazonaws.com", "vpce-2.sts"],
        ),
    ],
)
def test_each_service_has_the_regions_own_address(
    monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], region: str | None, hosts: list[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert hosts_of_calls(region) == hosts


def test_a_vpc_endpoint_is_called_by_its_address_and_signed_for_its_region() -> None:
    client = aws.sagemaker_runtime_client(CONFIG, region="eu-west-1", endpoint_url=VPC)
    call = prepared(aws.signed_invocation(client, {"EndpointName": "churn"}))
    assert call is not None
    assert (call.url, call.region, call.service) == (
        f"{VPC}/endpoints/churn/invocations",
        "eu-west-1",
        "sagemaker",
    )


async def test_a_vpc_endpoint_of_the_options_is_one_that_the_operator_lists() -> None:
    options = {"endpoint_name": "churn", "endpoint_url": VPC}
    with pytest.raises(InvalidInput):
        open_backend("sagemaker", options, ["a"], concurrency=1, hosts=Hosts())
    backend = open_backend(
        "sagemaker", options, ["a"], concurrency=1, hosts=Hosts(VPC.removeprefix("https://"))
    )
    await backend.aclose()
