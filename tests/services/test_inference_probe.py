"""A version that is not registered yet: what it names wrongly is said, an outage is not held against it."""

import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.core.errors import FieldError, InvalidInput
from app.core.settings import Settings
from app.schemas.hosting.deployments import Deployment
from app.services import inference as module
from app.services.inference import Inference
from tests.support.aws_stub import Answer, AwsStub, Request, control_error, error, reply
from tests.support.looks import only


@pytest.fixture
async def inference(aws: AwsStub) -> AsyncIterator[Inference]:
    opened = Inference(Settings(database_url="postgresql://nowhere", inference_concurrency=8, _env_file=None))
    yield opened
    await opened.aclose()


def deployment(**options: JsonValue) -> Deployment:
    return Deployment(0, "churn", "1", "sagemaker", {"endpoint_name": "churn"} | options, ("a", "b"))


async def test_a_probe_opens_a_backend_of_its_own(aws: AwsStub, inference: Inference) -> None:
    """Versions that are not registered yet share the id 0: one must not be asked about the other."""

    def respond(request: Request) -> Answer:
        if request.operation != "DescribeEndpoint":
            return control_error("AccessDeniedException")
        return reply(
            {"EndpointConfigName": json.loads(request.body)["EndpointName"], "EndpointStatus": "InService"}
        )

    aws.respond = respond
    assert only(await inference.probe(deployment(endpoint_name="first"))) == "first"
    assert only(await inference.probe(deployment(endpoint_name="second"))) == "second"


async def test_a_probe_names_the_option_and_calls_nothing(aws: AwsStub, inference: Inference) -> None:
    with pytest.raises(InvalidInput) as caught:
        await inference.probe(deployment(endpoint_name="no/such"))
    assert caught.value.errors[0].field == "options.endpoint_name"
    assert not aws.requests


@pytest.mark.parametrize(
    "answer",
    [
        error("ServiceUnavailable", 503),
        error("ThrottlingException", 400),
        control_error("ThrottlingException"),
        control_error("AccessDeniedException", 'Could not find endpoint "churn".'),
        control_error("ExpiredTokenException"),
        control_error("ValidationException", "of something else"),
        Answer(404, b"no such page"),
        Answer(reset=True),
    ],
)
async def test_a_platform_that_fails_does_not_fail_a_probe(
    aws: AwsStub, inference: Inference, answer: Answer
) -> None:
    aws.script(answer)
    assert await inference.probe(deployment()) is None


async def test_a_probe_waits_a_moment_only(
    aws: AwsStub, inference: Inference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    go_on = threading.Event()
    aws.script(Answer(wait=go_on))
    assert await inference.probe(deployment()) is None
    go_on.set()


async def test_what_the_platform_does_not_have_is_a_wrong_option(aws: AwsStub, inference: Inference) -> None:
    aws.script(control_error("ValidationException", 'Could not find endpoint "arn:aws:sagemaker:secret".'))
    with pytest.raises(InvalidInput) as caught:
        await inference.probe(deployment())
    fault = FieldError("options.endpoint_name", "SageMaker has none of this name in this account and region")
    assert caught.value.errors == (fault,)
    assert caught.value.detail == f"SageMaker endpoint 'churn': {fault.message}."


async def test_a_file_that_is_missing_where_a_backend_opens_is_a_wrong_option(
    inference: Inference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COREML_MODELS", str(tmp_path))
    with pytest.raises(InvalidInput) as caught:
        await inference.probe(Deployment(0, "m", "1", "coreml", {"model": "no.mlmodel"}, ("a",)))
    assert [fault.field for fault in caught.value.errors] == ["options.model"]
