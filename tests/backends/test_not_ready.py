"""Refusals that pass by themselves, told by their words where the status is shared with what does not."""

import json
from collections.abc import AsyncIterator

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.backends.sagemaker.errors import LOADING_RETRY_AFTER, SCALING_RETRY_AFTER
from app.backends.wire.servers import says_not_ready
from app.core.errors import BackendError, BackendRejected, BackendThrottled
from app.core.hosts import Hosts
from tests.backends.bench import Bench, each_remote, failure
from tests.support.aws_stub import Answer, AwsStub, error, model_error
from tests.support.eventually import TIMEOUT

# kserve/kserve#2882, the server of the package kserve 0.21, triton-inference-server/server#5745 and
# TorchServe's page "Troubleshooting Guide".
MLSERVER = json.dumps({"error": "Model sklearn-iris is not ready yet."})
KSERVE = json.dumps({"error": "Model with name sklearn-iris is not ready."})
TRITON = json.dumps({"error": "Request for unknown model: 'm' has no available versions"})
TORCHSERVE = json.dumps(
    {
        "code": 503,
        "type": "ServiceUnavailableException",
        "message": 'Model "m" has no worker to serve inference request. '
        "Please use scale workers API to add workers.",
    }
)
QUOTED = json.dumps({"error": "Model A is not ready"})
SERVERS = {"mlserver": MLSERVER, "kserve": KSERVE, "triton": TRITON, "torchserve": TORCHSERVE}

NO_CAPACITY = (
    "Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress"
    " (if configured) or try to increase the capacity by invoking UpdateInferenceComponentRuntimeConfig API."
)
"""Of a component scaled to zero copies, as SageMaker words it in a ValidationError."""


@pytest.mark.parametrize("said", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize("status", [400, 404, 424, 500, 503])
@each_remote
async def test_a_server_that_has_the_model_later_is_waited_for(bench: Bench, status: int, said: str) -> None:
    bench.answer = model_error(status, said)
    if bench.name != "sagemaker":
        bench.answer = Answer(status, said.encode(), {"Content-Type": "application/json"})
    backend = bench.open()
    caught = await failure(backend)
    await backend.aclose()
    assert type(caught) is BackendThrottled
    assert caught.detail.endswith("he model is not ready.")


@pytest.mark.parametrize(
    "said",
    [
        json.dumps({"error": "Invalid value 'ready yet' in row 7."}),
        json.dumps({"error": "column state: 'order is not ready yet' is no number"}),
        json.dumps({"error": "Request for unknown model: 'm' is not found"}),
        json.dumps({"error": "could not convert string to float: 'Model A is not ready'"}),
        json.dumps({"error": f"row 2 has {QUOTED!r}"}),
        "could not convert string to float: 'Model A is not ready'",
        "row 2 has 'Request for unknown model: m has no available versions'",
        json.dumps({"error": "row 2 has 'Model \"m\" has no worker to serve inference request.'"}),
        json.dumps({"detail": [{"msg": "is no number", "input": "Model A is not ready"}]}),
        json.dumps({"rows": ["Model A is not ready"]}),
        '{"error": "Model A is not ready',
        "[" * 5000,
        json.dumps({"error": "Model input 7 of order is not ready"}),
        "The model is fine.",
        "",
    ],
)
def test_other_words_say_nothing_of_that(said: str) -> None:
    assert not says_not_ready(said)


def test_the_words_are_found_within_the_words_of_a_platform_before_the_server() -> None:
    assert says_not_ready(json.dumps({"error": {"code": 400, "message": MLSERVER}}))
    assert says_not_ready(json.dumps({"errors": [{"message": KSERVE}]}))
    assert says_not_ready("Model a is not ready yet.")
    assert says_not_ready(json.dumps({"detail": "Model a is not ready", "traceback": "x" * 5000}))
    assert says_not_ready('Model "m" Version 1.0 has no worker to serve inference request. Please use')


@pytest.fixture
async def component(aws: AwsStub) -> AsyncIterator[Backend]:
    options: dict[str, JsonValue] = {"endpoint_name": "churn", "inference_component": "part"}
    opened = open_backend("sagemaker", options, ["a"], concurrency=1, hosts=Hosts())
    yield opened
    await opened.aclose()


async def said_by(backend: Backend, aws: AwsStub, answer: Answer) -> BackendError:
    aws.script(answer)
    with pytest.raises(BackendError) as caught:
        await backend.predict([[1]], TIMEOUT)
    return caught.value


async def test_a_component_scaled_to_zero_is_waited_for(aws: AwsStub, component: Backend) -> None:
    caught = await said_by(component, aws, error("ValidationError", 400, NO_CAPACITY))
    assert type(caught) is BackendThrottled
    assert caught.retry_after == SCALING_RETRY_AFTER
    assert "no copy" in caught.detail
    assert "does not exist" not in caught.detail


async def test_a_container_that_loads_its_model_says_when_to_look_again(
    aws: AwsStub, component: Backend
) -> None:
    caught = await said_by(component, aws, model_error(400, MLSERVER))
    assert (type(caught), caught.retry_after) == (BackendThrottled, LOADING_RETRY_AFTER)
    refused = await said_by(component, aws, model_error(400, '{"error": "row 1 is not ready yet."}'))
    assert type(refused) is BackendRejected


@each_remote
async def test_an_endpoint_of_vertex_that_scales_from_zero_is_waited_for(bench: Bench) -> None:
    """It has a status of its own: the same holds wherever that is one of too many calls."""
    if bench.name == "sagemaker":
        bench.answer = model_error(429)
    else:
        said = (
            "Model is not yet ready for inference. Please wait while model completes scale-up from zero, then"
        )
        bench.answer = Answer(429, json.dumps({"error": {"code": 429, "message": said}}).encode())
    backend = bench.open()
    assert type(await failure(backend)) is BackendThrottled
    await backend.aclose()
