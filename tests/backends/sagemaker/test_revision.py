import pytest
from pydantic import JsonValue
from structlog.testing import capture_logs

from app.core.errors import BackendDown, BackendMissing, BackendRefused
from tests.backends.sagemaker.account import DENIED, Account, Opener, unknown
from tests.support.aws_stub import Answer, control_error
from tests.support.looks import revision_of


async def test_it_is_the_configuration_of_exactly_this_endpoint(account: Account, opener: Opener) -> None:
    assert await revision_of(opener()) == "config-1"
    assert account.operations == ["DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel"]
    assert account.aws.requests[0].body == b'{"EndpointName": "churn"}'


async def test_while_it_changes_the_last_known_stays(account: Account, opener: Opener) -> None:
    backend = opener()
    assert await revision_of(backend) == "config-1"
    account.set("DescribeEndpoint", EndpointConfigName="config-2", EndpointStatus="Updating")
    assert await revision_of(backend) == "config-1"
    account.set("DescribeEndpoint", EndpointConfigName="config-2", EndpointStatus="InService")
    assert await revision_of(backend) == "config-2"


async def test_while_it_changes_and_nothing_is_known_the_caller_keeps_its_own(
    account: Account, opener: Opener
) -> None:
    account.set("DescribeEndpoint", EndpointConfigName="config-2", EndpointStatus="Updating")
    with pytest.raises(BackendDown, match="'churn' is not in service: Updating"):
        await revision_of(opener())


async def test_a_target_model_adds_its_artifact(account: Account, opener: Opener) -> None:
    assert await revision_of(opener(target_model="v3/model.tar.gz")) == "config-1 abc"
    assert account.operations[-1] == "/bucket/models/v3/model.tar.gz"
    assert account.aws.requests[-2].body == b'{"ModelName": "model-blue"}'


async def test_the_artifact_is_that_of_the_variant(account: Account, opener: Opener) -> None:
    await revision_of(opener(target_model="a b.tar.gz", target_variant="green"))
    assert account.aws.requests[-2].body == b'{"ModelName": "model-green"}'
    assert account.operations[-1] == "/bucket/models/a%20b.tar.gz"


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ({"Containers": [{"ModelDataUrl": "s3://bucket/many"}]}, "/bucket/many/m.tar.gz"),
        ({"PrimaryContainer": {"ModelDataUrl": "s3://bucket"}}, "/bucket/m.tar.gz"),
    ],
)
async def test_where_the_artifacts_are(
    account: Account, opener: Opener, model: dict[str, JsonValue], path: str
) -> None:
    account.set("DescribeModel", **model)
    assert await revision_of(opener(target_model="m.tar.gz")) == "config-1 abc"
    assert account.operations[-1] == path


@pytest.mark.parametrize(
    "model", [{"PrimaryContainer": {"Image": "x"}}, {}, {"PrimaryContainer": {"ModelDataUrl": "https://x/y"}}]
)
async def test_a_model_without_artifacts_on_s3_adds_nothing(
    account: Account, opener: Opener, model: dict[str, JsonValue]
) -> None:
    account.set("DescribeModel", **model)
    assert await revision_of(opener(target_model="m.tar.gz")) == "config-1"


@pytest.mark.parametrize(
    ("runs", "revision"),
    [
        ({"ModelName": "model-7"}, "config-1 model-7"),
        ({"Container": {"ArtifactUrl": "s3://bucket/7.tar.gz"}}, "config-1 s3://bucket/7.tar.gz"),
        ({}, "config-1"),
    ],
)
async def test_an_inference_component_adds_what_it_runs(
    account: Account, opener: Opener, runs: dict[str, JsonValue], revision: str
) -> None:
    account.set("DescribeInferenceComponent", InferenceComponentStatus="InService", Specification=runs)
    backend = opener(inference_component="tiny")
    assert await revision_of(backend) == revision
    account.set("DescribeInferenceComponent", InferenceComponentStatus="Updating", Specification={})
    assert await revision_of(backend) == revision


@pytest.mark.parametrize(
    ("operation", "answer", "revision"),
    [
        ("DescribeEndpoint", DENIED, None),
        ("DescribeEndpoint", Answer(404), None),
        ("DescribeEndpointConfig", DENIED, "config-1"),
        ("DescribeModel", DENIED, "config-1"),
        ("", Answer(403), "config-1"),
        ("", Answer(404), "config-1"),
    ],
)
async def test_what_we_may_not_ask_is_left_out_and_logged_once(
    account: Account, opener: Opener, operation: str, answer: Answer, revision: str | None
) -> None:
    account.answers[operation] = answer
    backend = opener(target_model="m.tar.gz")
    with capture_logs() as logs:
        assert await revision_of(backend) == revision
        assert await revision_of(backend) == revision
    assert [entry["operation"] for entry in logs] == [operation or "HeadObject"]


async def test_a_component_we_may_not_ask_about_is_left_out(account: Account, opener: Opener) -> None:
    account.answers["DescribeInferenceComponent"] = DENIED
    assert await revision_of(opener(inference_component="tiny")) == "config-1"


NO_KEY = Answer(404, b"<Error><Code>NoSuchKey</Code><Message>secret</Message></Error>")


@pytest.mark.parametrize(
    ("operation", "answer", "options", "field"),
    [
        ("DescribeEndpoint", unknown("endpoint"), {}, "endpoint_name"),
        ("DescribeEndpoint", unknown("endpoint"), {"target_model": "m.tar.gz"}, "endpoint_name"),
        (
            "DescribeInferenceComponent",
            unknown("inference component"),
            {"inference_component": "x"},
            "inference_component",
        ),
        ("", NO_KEY, {"target_model": "m.tar.gz"}, "target_model"),
    ],
)
async def test_what_the_account_does_not_have_is_named(
    account: Account, opener: Opener, operation: str, answer: Answer, options: dict[str, str], field: str
) -> None:
    account.answers[operation] = answer
    with pytest.raises(BackendMissing) as caught:
        await revision_of(opener(**options))
    assert [fault.field for fault in caught.value.errors] == [f"options.{field}"]
    assert "churn" in caught.value.detail
    for secret in ("123456789012", "secret"):
        assert secret not in f"{caught.value.detail} {caught.value.errors}"


async def test_a_variant_that_the_endpoint_does_not_have(account: Account, opener: Opener) -> None:
    variants: JsonValue = [{"VariantName": "blue"}, {"VariantName": "green"}]
    described: dict[str, JsonValue] = {"EndpointConfigName": "config-1", "EndpointStatus": "InService"}
    account.set("DescribeEndpoint", **described, ProductionVariants=variants)
    assert await revision_of(opener(target_variant="green")) == "config-1"
    with pytest.raises(BackendMissing, match="it has blue, green") as caught:
        await revision_of(opener(target_variant="red"))
    assert [fault.field for fault in caught.value.errors] == ["options.target_variant"]


@pytest.mark.parametrize(
    ("operation", "name"), [("DescribeEndpointConfig", "endpoint configuration"), ("DescribeModel", "model")]
)
async def test_what_no_option_names_is_not_missing(
    account: Account, opener: Opener, operation: str, name: str
) -> None:
    """An endpoint may outlive its configuration and its model."""
    account.answers[operation] = unknown(name)
    with pytest.raises(BackendRefused) as caught:
        await revision_of(opener(target_model="m.tar.gz"))
    assert type(caught.value) is BackendRefused


async def test_another_s3_than_the_endpoints_says_nothing_of_its_artifacts(
    account: Account, opener: Opener
) -> None:
    account.answers[""] = Answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
    assert await revision_of(opener(target_model="m.tar.gz")) == "config-1"


async def test_an_unreachable_platform_is_an_error(account: Account, opener: Opener) -> None:
    backend = opener()
    assert await revision_of(backend) == "config-1"
    account.answers["DescribeEndpoint"] = Answer(reset=True)
    with pytest.raises(BackendDown):
        await revision_of(backend)


@pytest.mark.parametrize("code", ["ExpiredTokenException", "ValidationException"])
async def test_a_refusal_that_is_no_missing_permission_is_an_error(
    account: Account, opener: Opener, code: str
) -> None:
    account.answers["DescribeEndpoint"] = control_error(code, "Something of 123456789012")
    with pytest.raises(BackendRefused) as caught:
        await revision_of(opener())
    assert "123456789012" not in caught.value.detail
