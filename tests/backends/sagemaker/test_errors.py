"""Every way a call can fail: which error of ours, how many calls, and that nothing leaks."""

import inspect
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import botocore.session
import pytest
from botocore import exceptions as aws_exceptions
from pydantic import JsonValue

from app.aws import session
from app.backends.base import Backend
from app.backends.registry import open_backend
from app.backends.sagemaker import backend as sagemaker
from app.backends.sagemaker.errors import CODES, EXCEPTIONS, LOADING_RETRY_AFTER, translate
from app.core.errors import (
    BackendCrashed,
    BackendDown,
    BackendError,
    BackendRefused,
    BackendRejected,
    BackendThrottled,
    BackendTimeout,
)
from app.core.hosts import Hosts
from tests.support.aws_stub import Answer, AwsStub, error, model_error
from tests.support.eventually import TIMEOUT


def open_one(**options: JsonValue) -> Backend:
    hosts = Hosts(str(options.get("endpoint_url", "")).removeprefix("https://"))
    values = {"endpoint_name": "churn"} | options
    return open_backend("sagemaker", values, ["a"], concurrency=1, hosts=hosts)


@pytest.fixture
async def backend(aws: AwsStub) -> AsyncIterator[Backend]:
    opened = open_one()
    yield opened
    await opened.aclose()


@pytest.fixture
def fresh_session() -> Iterator[None]:
    """For tests that change the credentials, which a session keeps."""
    session.cache_clear()
    yield
    session.cache_clear()


async def failure(backend: Backend) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await backend.predict([[1]], TIMEOUT)
    await backend.aclose()
    return caught.value


TIMED_OUT = "Your invocation timed out while waiting for a response from container primary."
UNREADABLE = "Loading csv data failed with Exception, please ensure data is in csv format: secret"
CRASHED = json.dumps({"code": 503, "type": "InternalServerException", "message": "Prediction failed"})
ANSWERS: dict[str, tuple[Answer, type[BackendError]]] = {
    "container 400": (model_error(400), BackendRejected),
    "container 413": (model_error(413), BackendRejected),
    "container 422": (model_error(422), BackendRejected),
    "container 500": (model_error(500), BackendCrashed),
    "container 404": (model_error(404), BackendRefused),
    "container 406": (model_error(406), BackendRefused),
    "container 415": (model_error(415), BackendRefused),
    "container 415 of the built-in XGBoost": (model_error(415, UNREADABLE), BackendRejected),
    "container 429": (model_error(429), BackendThrottled),
    "container 502": (model_error(502), BackendDown),
    "container 503": (model_error(503), BackendDown),
    "container 503 of multi-model-server": (model_error(503, CRASHED), BackendCrashed),
    "container 507": (model_error(507), BackendDown),
    "container died": (model_error(0, "the model process exited"), BackendDown),
    "container 60 s": (model_error(0, TIMED_OUT), BackendTimeout),
    "container 504": (model_error(504), BackendTimeout),
    "no original status": (error("ModelError", 424), BackendDown),
    "loading": (error("ModelNotReadyException", 429), BackendThrottled),
    "throttled as 400": (error("ThrottlingException", 400, None), BackendThrottled),
    "throttled as 429": (error("TooManyRequests", 429), BackendThrottled),
    "validation": (error("ValidationError", 400), BackendRefused),
    "dependency": (error("InternalDependencyException", 530), BackendDown),
    "internal": (error("InternalFailure", 500), BackendDown),
    "unavailable": (error("ServiceUnavailable", 503), BackendDown),
    "gateway": (error("GatewayTimeout", 504), BackendDown),
    "gateway page": (Answer(502, b"<html>bad gateway</html>", {"Content-Type": "text/html"}), BackendDown),
    "nothing but 503": (Answer(503), BackendDown),
    "access denied": (error("AccessDeniedException", 403), BackendRefused),
    "expired": (error("ExpiredTokenException", 400), BackendRefused),
    "unknown key": (error("UnrecognizedClientException", 403), BackendRefused),
    "bad signature": (error("InvalidSignatureException", 403), BackendRefused),
    "unknown 403": (error("SomethingNew", 403), BackendRefused),
    "unknown 400": (error("SomethingNew", 400), BackendRefused),
    "not acceptable": (error("NotAcceptable", 406), BackendRefused),
    "too large": (error("RequestEntityTooLarge", 413), BackendRejected),
    "reset": (Answer(reset=True), BackendDown),
    "cut off": (Answer(body=b"0.5", headers={"Content-Type": "text/csv"}, missing=9), BackendDown),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_each_failure_is_one_call_and_one_error_of_ours(
    aws: AwsStub, backend: Backend, name: str
) -> None:
    answer, expected = ANSWERS[name]
    aws.script(answer)
    caught = await failure(backend)
    assert type(caught) is expected
    assert len(aws.requests) == 1  # botocore does not retry behind our back
    assert "SageMaker endpoint 'churn'" in caught.detail
    for secret in ("secret", "123456789012", "arn:", "127.0.0.1"):
        assert secret not in caught.detail


async def test_the_container_status_and_the_target_model_are_named(aws: AwsStub) -> None:
    aws.script(model_error(415))
    caught = await failure(open_one(target_model="v3.tar.gz"))
    assert "target model 'v3.tar.gz'" in caught.detail
    assert "status 415" in caught.detail
    assert "content_type or accept" in caught.detail


@pytest.mark.parametrize(
    ("target_model", "hint"), [(None, "needs target_model"), ("a.tar.gz", "Is it a multi-model endpoint")]
)
async def test_a_validation_error_hints_at_the_target_model(
    aws: AwsStub, target_model: str | None, hint: str
) -> None:
    aws.script(error("ValidationError", 400))
    assert hint in (await failure(open_one(target_model=target_model))).detail


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (error("ModelNotReadyException", 429), LOADING_RETRY_AFTER),
        (error("ModelNotReadyException", 429, retry_after="7"), 7),
        (error("ThrottlingException", 400, None), None),
        (error("ThrottlingException", 400, retry_after="0.5"), 0.5),
        (error("ThrottlingException", 400, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), None),
        (error("ServiceUnavailable", 503, retry_after="3"), 3),
    ],
)
async def test_the_platform_may_say_when_to_come_back(
    aws: AwsStub, backend: Backend, answer: Answer, seconds: float | None
) -> None:
    aws.script(answer)
    caught = await failure(backend)
    assert caught.retry_after == seconds
    assert caught.retryable


async def test_a_read_timeout_is_one_call_and_not_worth_another(
    aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sagemaker, "READ_TIMEOUT", 0.2)
    go_on = threading.Event()
    aws.script(Answer(wait=go_on))
    caught = await failure(open_one())
    go_on.set()
    assert type(caught) is BackendTimeout
    assert not caught.retryable
    assert len(aws.requests) == 1


async def test_a_connect_timeout_is_worth_another(monkeypatch: pytest.MonkeyPatch, aws: AwsStub) -> None:
    monkeypatch.setattr(sagemaker, "CONNECT_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        caught = await failure(open_one(endpoint_url=f"http://127.0.0.1:{full.getsockname()[1]}"))
        for filler in fillers:
            filler.close()
    assert "in time" in caught.detail
    assert type(caught) is BackendDown


async def test_nobody_listening_is_worth_another(aws: AwsStub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    caught = await failure(open_one(endpoint_url=f"http://127.0.0.1:{port}"))
    assert type(caught) is BackendDown


async def test_tls_against_something_else_is_refused(aws: AwsStub) -> None:
    caught = await failure(open_one(endpoint_url=aws.url.replace("http:", "https:")))
    assert type(caught) is BackendRefused
    assert "TLS" in caught.detail


@pytest.mark.usefixtures("fresh_session")
async def test_no_credentials(aws: AwsStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    caught = await failure(open_one())
    assert type(caught) is BackendRefused
    assert "no AWS credentials" in caught.detail
    assert not aws.requests


@pytest.mark.usefixtures("fresh_session")
@pytest.mark.parametrize(
    ("missing", "detail"),
    [
        ("AWS_SECRET_ACCESS_KEY", "credentials of this service are incomplete"),
        ("AWS_DEFAULT_REGION", "region"),
    ],
)
async def test_half_a_configuration_fails_at_opening(
    aws: AwsStub, monkeypatch: pytest.MonkeyPatch, missing: str, detail: str
) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(BackendRefused, match=detail):
        open_one()


@pytest.mark.usefixtures("fresh_session")
async def test_an_unknown_profile_fails_at_opening(aws: AwsStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(BackendRefused, match="configuration of this service"):
        open_one()


def test_every_error_of_invoke_endpoint_is_mapped() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker-runtime")
    codes = {shape.name for shape in model.operation_model("InvokeEndpoint").error_shapes}
    assert codes, "botocore's model names none any more"
    assert codes - set(CODES) == {"ModelError"}  # told by the container's status instead


# Raised by parts of botocore that no call here passes: paginators, waiters, stubs, S3 options, event streams,
# asking for operations or services by a wrong name.
NOT_RAISED_BY_A_CALL = {
    *("ApiVersionNotFoundError", "AwsChunkedWrapperError", "DataNotFoundError"),
    *("CapacityNotAvailableError", "ChecksumError", "FlexibleChecksumError", "InvalidDNSNameError"),
    *("InvalidEndpointDiscoveryConfigurationError", "InvalidExpressionError", "MD5UnavailableError"),
    *("InvalidS3AddressingStyleError", "InvalidS3UsEast1RegionalEndpointConfigError"),
    *("InvalidSTSRegionalEndpointsConfigError", "MissingParametersError", "OperationNotPageableError"),
    *("PaginationError", "StubAssertionError", "StubResponseError", "UnStubbedResponseError"),
    *("UnknownClientMethodError", "UnknownServiceError", "UnknownServiceStyle", "UnseekableStreamError"),
    *("UnsupportedOutpostResourceError", "UnsupportedS3AccesspointConfigurationError"),
    *("UnsupportedS3ArnError", "UnsupportedS3ConfigurationError", "UnsupportedS3ControlArnError"),
    *("UnsupportedS3ControlConfigurationError", "UnsupportedServiceProtocolsError"),
    *("WaiterConfigError", "WaiterError"),
}


def test_every_exception_of_botocore_is_mapped_or_known_not_to_happen() -> None:
    classes = [kind for _, kind in inspect.getmembers(aws_exceptions, inspect.isclass)]
    vendors = {kind for kind in classes if issubclass(kind, aws_exceptions.BotoCoreError)}
    vendors -= {aws_exceptions.BotoCoreError}
    mapped = {kind for kind in vendors for vendor, _, _ in EXCEPTIONS if issubclass(kind, vendor)}
    assert len(vendors) > 80
    assert {kind.__name__ for kind in vendors - mapped} == NOT_RAISED_BY_A_CALL


def test_an_exception_nobody_foresaw_is_still_ours() -> None:
    class Novel(aws_exceptions.BotoCoreError):
        fmt = "secret"

    caught = translate(Novel(), "SageMaker endpoint 'churn'")
    assert type(caught) is BackendError
    assert caught.detail == "SageMaker endpoint 'churn': the call could not be made."
