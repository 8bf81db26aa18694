from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.local.endpoint.config import Endpoint
from app.local.endpoint.fleets.running import TIMED_OUT
from tests.local.endpoint import spy
from tests.support.artifacts import write_artifact
from tests.support.aws import Reply, Serve

CHOOSES_ITS_STATUS = """
    from sagemaker_inference.errors import GenericInferenceToolkitError

    def model_fn(model_dir):
        return None

    def input_fn(body, content_type):
        if content_type != "text/csv":
            raise GenericInferenceToolkitError(415, "only text/csv")
        if body == "bad":
            raise GenericInferenceToolkitError(400, "no such row")
        if body == "raise":
            raise RuntimeError("the model is broken")
        if body == "exit":
            raise SystemExit(1)
        return [1]

    def predict_fn(rows, model):
        return rows
"""

ATTRIBUTES = """
    HEADER = "X-Amzn-SageMaker-Custom-Attributes"

    def model_fn(model_dir):
        return None

    def transform_fn(model, body, content_type, accept, context):
        context.set_response_header(0, HEADER, context.get_request_header(0, HEADER) + " seen")
        return body
"""


@pytest.mark.parametrize("name", ["model.tar.gz", "v 1/a b+c.tar.gz", "été.tar.gz", "数.tar.gz"])
def test_a_target_model_answers_in_the_type_that_is_asked(artifacts: Path, serve: Serve, name: str) -> None:
    write_artifact(artifacts / name)
    aws = serve()
    json = aws.invoke("multi", "1,2\n3,4", TargetModel=name)
    csv = aws.invoke("multi", "1,2\n3,4", TargetModel=name, Accept="text/csv")
    assert json == Reply("[6, 14]", "application/json", "AllTraffic", None)
    assert csv == Reply("6\n14\n", "text/csv", "AllTraffic", None)


def test_an_endpoint_of_one_model_takes_no_target(artifacts: Path, serve: Serve) -> None:
    path = write_artifact(artifacts / "model.tar.gz")
    aws = serve(Endpoint("one", str(path), multi_model=False, variant="Blue"))
    assert aws.invoke("one", "[[1, 2]]", "application/json", TargetVariant="Blue").variant == "Blue"
    refusal = aws.refusal("one", TargetModel="model.tar.gz")
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert "Endpoint one is not a multi-model endpoint" in refusal.message


def test_what_the_endpoint_does_not_serve_is_a_validation_error(
    artifacts: Path, tmp_path: Path, serve: Serve
) -> None:
    write_artifact(artifacts / "a")
    write_artifact(tmp_path / "secret")
    aws = serve(max_body_bytes=1024)
    cases: list[tuple[dict[str, str], str]] = [
        ({"endpoint": "no/such"}, "Endpoint no/such of account 000000000000 not found."),
        ({}, "is missing a target model header."),
        ({"TargetModel": "no"}, "Failed to download model data(bucket: local, key: multi/no)."),
        ({"TargetModel": "../secret"}, "Failed to download model data"),
        ({"TargetModel": "a/../../secret"}, "Failed to download model data"),
        ({"TargetModel": "%2e%2e/secret"}, "Failed to download model data"),
        ({"TargetModel": f"{tmp_path}/secret"}, "Failed to download model data"),
        ({"TargetModel": "x" * 1000}, "Failed to download model data"),
        ({"TargetModel": "a", "TargetVariant": "Green"}, "Variant Green not found"),
        ({"TargetModel": "a", "InferenceId": "x" * 65}, "'inference-id' failed to satisfy"),
        ({"TargetModel": "a", "InferenceComponentName": "c"}, "does not support inference component"),
        ({"TargetModel": "a", "TargetContainerHostname": "c"}, "is not a multi-container endpoint"),
        ({"TargetModel": "a", "body": "x" * 1025}, "'body' failed to satisfy constraint"),
    ]
    for arguments, message in cases:
        refusal = aws.refusal(**{"endpoint": "multi", **arguments})
        assert (refusal.code, refusal.status, refusal.original) == ("ValidationError", 400, None)
        assert message in refusal.message


@pytest.mark.parametrize(
    ("body", "kind", "original", "message"),
    [
        ("1", "application/json", 415, 'client error (415) from primary with message "only text/csv'),
        ("bad", "text/csv", 400, "no such row"),
        ("raise", "text/csv", 500, 'server error (500) from primary with message "the model is broken'),
        ("exit", "text/csv", 500, "SystemExit"),
        (b"\xff", "text/csv", 500, "can't decode byte"),
    ],
)
def test_the_models_own_failure_is_a_model_error(
    artifacts: Path, serve: Serve, body: str | bytes, kind: str, original: int, message: str
) -> None:
    write_artifact(artifacts / "a.tar.gz", CHOOSES_ITS_STATUS)
    aws = serve()
    refusal = aws.refusal("multi", body, kind, TargetModel="a.tar.gz")
    assert (refusal.code, refusal.status, refusal.original) == ("ModelError", 424, original)
    assert message in refusal.message
    assert aws.invoke("multi", "fine", TargetModel="a.tar.gz").body == "[1]"


def test_a_model_that_does_not_load_is_a_model_error_and_is_tried_again(
    artifacts: Path, serve: Serve
) -> None:
    write_artifact(artifacts / "a.tar.gz", "def model_fn(model_dir):\n    raise RuntimeError('no weights')")
    aws = serve()
    refusal = aws.refusal("multi", TargetModel="a.tar.gz")
    assert (refusal.code, refusal.original) == ("ModelError", 500)
    assert "no weights" in refusal.message
    write_artifact(artifacts / "a.tar.gz")
    assert aws.invoke("multi", TargetModel="a.tar.gz").body == "6"


def test_custom_attributes_come_back_as_the_model_sets_them(artifacts: Path, serve: Serve) -> None:
    write_artifact(artifacts / "a.tar.gz", ATTRIBUTES)
    reply = serve().invoke("multi", "x", TargetModel="a.tar.gz", CustomAttributes="trace=1")
    assert reply == Reply("x", "application/json", "AllTraffic", "trace=1 seen")


def test_a_model_that_takes_too_long_is_a_model_error(artifacts: Path, serve: Serve) -> None:
    write_artifact(artifacts / "a.tar.gz", spy.WAITS_TO_PREDICT)
    refusal = serve(invocation_seconds=0.2).refusal("multi", TargetModel="a.tar.gz")
    assert (refusal.code, refusal.status, refusal.original) == ("ModelError", 424, 0)
    assert f'server error (0) from primary with message "{TIMED_OUT.format("primary")}"' in refusal.message


def test_calls_of_one_model_run_at_the_same_time(artifacts: Path, serve: Serve) -> None:
    meet = """
        import threading

        def model_fn(model_dir):
            return threading.Barrier(16)

        def predict_fn(rows, barrier):
            barrier.wait(60)
            return rows
    """
    write_artifact(artifacts / "a.tar.gz", meet)
    aws = serve()
    with ThreadPoolExecutor(16) as threads:
        calls = [threads.submit(aws.invoke, "multi", str(n), TargetModel="a.tar.gz") for n in range(16)]
    assert [call.result().body for call in calls] == [str(n) for n in range(16)]
