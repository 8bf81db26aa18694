"""What goes out is what boto3 sends: at the same moment, to the byte, its signature too."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from app import aws as clients
from app.backends.sagemaker.calls.signing import prepared
from tests.backends.sagemaker.calls.conftest import CONFIG, CSV, Opener, by_boto3
from tests.support.aws_stub import AwsStub

pytestmark = [pytest.mark.usefixtures("one_moment", "fresh_session")]

TARGETS: dict[str, Mapping[str, str]] = {
    "csv": CSV,
    "parameters": {"ContentType": "application/json", "Accept": "application/json; verbose=true, */*"},
    "all": CSV
    | {
        "TargetModel": "v3/model.tar.gz",
        "TargetVariant": "blue",
        "InferenceComponentName": "tiny",
        "InferenceId": "0" * 64,
        "TargetContainerHostname": "second",
        "EnableExplanations": "`true`",
        "SessionId": "NEW_SESSION",
    },
    **{
        f"model {model!r}": CSV | {"TargetModel": model}
        for model in (
            *("a b+c%20d.tar.gz", "two  blanks.tar.gz", "ends in one ", "x/../y//z.tar.gz", "q?a=b&c#d"),
            *("\"quoted\", 'too'; and=more", "~!@$^*()[]{}|\\<>", "a" * 1024),
        )
    },
    "attributes": CSV | {"CustomAttributes": "trace=1; naïve=é ÿ"},
}
BODIES = {"empty": b"", "rows": b"1,2\n3,4", "binary": bytes(range(256)), "large": b"x" * 3_000_000}


async def both(aws: AwsStub, opener: Opener, target: Mapping[str, str], body: bytes, **client: str) -> None:
    """Call both ways and compare."""
    by_boto3(target, body, **client)
    await opener(target, **client).invoke(body)
    (theirs, ours) = aws.requests
    assert (ours.method, ours.path, ours.body) == (theirs.method, theirs.path, theirs.body)
    ids = [dict(request.headers).pop("amz-sdk-invocation-id") for request in (theirs, ours)]
    assert len(set(map(UUID, ids))) == 2
    assert {**ours.headers, "amz-sdk-invocation-id": ids[0]} == theirs.headers


@pytest.mark.parametrize("name", TARGETS)
async def test_every_argument_goes_out_as_boto3_sends_it(aws: AwsStub, opener: Opener, name: str) -> None:
    await both(aws, opener, TARGETS[name], b"1,2")


@pytest.mark.parametrize("name", BODIES)
async def test_every_body_is_signed_as_boto3_signs_it(aws: AwsStub, opener: Opener, name: str) -> None:
    await both(aws, opener, CSV, BODIES[name])


@pytest.mark.parametrize("path", ["/", "/base", "/base/", "/a%20b/%C3%A9", "/a/../b", "/a//b", "/a+b:c@d"])
async def test_an_address_may_have_a_path(aws: AwsStub, opener: Opener, path: str) -> None:
    await both(aws, opener, CSV, b"1", endpoint_url=aws.url + path)


async def test_a_session_token_is_signed(
    aws: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token/with+odd=characters")
    await both(aws, opener, CSV, b"1", region="eu-west-1")
    assert aws.requests[1].headers["x-amz-security-token"] == "token/with+odd=characters"
    assert "/eu-west-1/sagemaker/aws4_request" in aws.requests[1].headers["authorization"]


async def test_the_services_own_variable_leads(
    aws: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", aws.url)
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "churn-service")
    await both(aws, opener, CSV, b"1")
    assert "app/churn-service" in aws.requests[1].headers["user-agent"]


async def test_each_call_has_an_id_of_its_own(aws: AwsStub, opener: Opener) -> None:
    calls = opener(CSV)
    for _ in range(3):
        await calls.invoke(b"1")
    assert len({request.headers["amz-sdk-invocation-id"] for request in aws.requests}) == 3


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({}, "runtime.sagemaker.us-east-1.amazonaws.com"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "runtime-fips.sagemaker.us-east-1.amazonaws.com"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "runtime.sagemaker.us-east-1.api.aws"),
        ({"AWS_DEFAULT_REGION": "cn-north-1"}, "runtime.sagemaker.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_address_is_botocores(
    aws: AwsStub, monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], host: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    client = clients.sagemaker_runtime_client(CONFIG)
    call = prepared(clients.signed_invocation(client, {"EndpointName": "churn"}))
    assert call is not None
    assert call.url == f"https://{host}/endpoints/churn/invocations"
    assert call.region == variables.get("AWS_DEFAULT_REGION", "us-east-1")
    assert not aws.requests
