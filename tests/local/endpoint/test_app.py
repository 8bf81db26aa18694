import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.aws import Serve


def test_a_call_without_a_signature_is_refused(serve: Serve) -> None:
    unsigned = Config(signature_version=UNSIGNED)
    client = boto3.Session(region_name="us-east-1").client(
        "sagemaker-runtime", endpoint_url=serve().address, config=unsigned
    )
    with pytest.raises(ClientError, match="Missing Authentication Token") as caught:
        client.invoke_endpoint(EndpointName="multi", Body=b"1")
    assert caught.value.response["Error"]["Code"] == "MissingAuthenticationTokenException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_health_check_needs_no_signature(serve: Serve) -> None:
    assert httpx.get(serve().address + "/ping").status_code == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("GET", "/local/multi/m"), ("GET", "/no")])
def test_nothing_answers_without_a_signature(serve: Serve, method: str, path: str) -> None:
    assert httpx.request(method, serve().address + path).status_code == 403


def test_a_control_plane_call_that_is_no_json_is_refused(serve: Serve) -> None:
    headers = {"authorization": "AWS4-HMAC-SHA256 x", "x-amz-target": "SageMaker.DescribeModel"}
    for body in ("no json", "[]", b"\xff"):
        reply = httpx.post(serve().address, headers=headers, content=body)
        assert (reply.status_code, reply.json()["__type"]) == (400, "SerializationException")
