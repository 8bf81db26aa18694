"""What InvokeEndpoint says of an endpoint, variant, component or artifact that is not there."""

from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendError, BackendMissing, BackendRefused
from app.core.hosts import Hosts
from tests.support.aws_stub import Answer, AwsStub, Request, control_error, error, reply
from tests.support.eventually import TIMEOUT

NO_KEY = Answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
NO_ARTIFACT = error(
    "ValidationError",
    400,
    "Failed to download model data(bucket: secret, key: variant x not found). Please ensure that there is an"
    " object located at the URL and that the role passed to CreateModel has permissions to download it.",
)


@pytest.fixture
async def backend(aws: AwsStub) -> AsyncIterator[Backend]:
    options: dict[str, JsonValue] = {"endpoint_name": "churn", "target_model": "m.tar.gz"}
    opened = open_backend("sagemaker", options, ["a"], concurrency=1, hosts=Hosts())
    yield opened
    await opened.aclose()


async def failure(backend: Backend) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await backend.predict([[1]], TIMEOUT)
    assert "secret" not in caught.value.detail
    return caught.value


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Endpoint churn of account 123456789012 not found.", "endpoint_name"),
        ("Variant blue not found for endpoint churn.", "target_variant"),
        ("Could not find production variant blue.", "target_variant"),
        ("Inference component part not found for endpoint churn.", "inference_component"),
        ("Endpoint churn is not a multi-model endpoint and does not support target model header.", None),
        ("Request 1 is missing a target model header.", None),
        ("Value at 'body' failed to satisfy constraint: endpoint churn not found", None),
        (None, None),
    ],
)
async def test_the_option_is_told_by_the_message(
    aws: AwsStub, backend: Backend, message: str | None, field: str | None
) -> None:
    aws.script(error("ValidationError", 400, message))
    caught = await failure(backend)
    assert type(caught) is (BackendMissing if field else BackendRefused)
    assert [fault.field for fault in caught.errors] == ([f"options.{field}"] if field else [])
    assert "123456789012" not in caught.detail
    assert len(aws.requests) == 1


async def test_only_a_validation_error_is_read(aws: AwsStub, backend: Backend) -> None:
    aws.script(error("AccessDeniedException", 403, "Endpoint churn of account 1 not found."))
    assert type(await failure(backend)) is BackendRefused


Bucket = Callable[[Request], Answer]


def with_bucket(answer: Answer) -> Bucket:
    """The runtime cannot fetch the artifact, the control plane knows its place, the bucket answers so."""
    model: JsonValue = {"ModelDataUrl": "s3://bucket/models/"}
    answers = {
        "DescribeEndpoint": reply({"EndpointConfigName": "config-1", "EndpointStatus": "InService"}),
        "DescribeEndpointConfig": reply({"ProductionVariants": [{"VariantName": "v", "ModelName": "m"}]}),
        "DescribeModel": reply({"PrimaryContainer": model}),
    }

    def respond(request: Request) -> Answer:
        fallback = NO_ARTIFACT if "invocations" in request.path else answer
        return answers.get(request.operation, fallback)

    return respond


async def test_an_artifact_that_is_missing_is_told_by_the_bucket(aws: AwsStub, backend: Backend) -> None:
    aws.respond = with_bucket(NO_KEY)
    caught = await failure(backend)
    assert type(caught) is BackendMissing
    assert [fault.field for fault in caught.errors] == ["options.target_model"]


@pytest.mark.parametrize("answer", [Answer(403), Answer(404), Answer(503), Answer(headers={"ETag": '"abc"'})])
async def test_where_the_bucket_does_not_tell_it_may_be_either(
    aws: AwsStub, backend: Backend, answer: Answer
) -> None:
    aws.respond = with_bucket(answer)
    caught = await failure(backend)
    assert type(caught) is BackendRefused
    assert "is not there, or the endpoint's role may not read it" in caught.detail


async def test_who_may_not_ask_is_told_both(aws: AwsStub, backend: Backend) -> None:
    denied = control_error("AccessDeniedException")
    aws.respond = lambda request: NO_ARTIFACT if "invocations" in request.path else denied
    assert type(await failure(backend)) is BackendRefused
