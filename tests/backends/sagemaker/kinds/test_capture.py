"""What data capture keeps of a call is found by the id that is kept with its predictions."""

import json
from collections.abc import Callable, Mapping
from uuid import uuid4

import boto3

from app.local.s3 import S3Server
from app.services.hosting.outcomes import Inferred
from tests.backends.sagemaker.kinds.conftest import Ask
from tests.support.deploying import DeployingAccount, on_instances

ECHOES = """
    import json

    def model_fn(model_dir):
        return None

    def transform_fn(model, body, content_type, accept, context):
        said = context.get_request_header(0, "X-Amzn-SageMaker-Custom-Attributes")
        context.set_response_header(0, "X-Amzn-SageMaker-Custom-Attributes", said + "; by=" + accept)
        return json.dumps([row[0] * 2 for row in json.loads(body)]), accept
"""


async def test_ids_places_and_attributes_merge_with_what_was_captured(
    account: DeployingAccount,
    ask: Ask,
    server: S3Server,
    environment: Callable[[Mapping[str, str]], None],
) -> None:
    environment(server.environment)
    bucket, s3 = f"captured-{uuid4().hex}", boto3.Session().client("s3")
    s3.create_bucket(Bucket=bucket)
    account.control.create_endpoint_config(
        EndpointConfigName="config",
        ProductionVariants=[on_instances(account.model("m", ECHOES))],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{bucket}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        },
    )
    await account.endpoint("churn", "config")
    answered = await ask(1, 2, 3, custom_attributes="from=service", max_rows=2)
    captured = {}
    for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        line = json.loads(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
        captured[line["eventMetadata"]["inferenceId"]] = line["captureData"]
    assert len(captured) == 2
    for value, one in enumerate(answered, start=1):
        assert isinstance(one, Inferred)
        assert one.notes.custom_attributes == "from=service; by=application/json"
        data, place = captured[one.notes.inference_id or ""], one.notes.position
        assert place is not None
        assert json.loads(data["endpointInput"]["data"])[place] == [value]
        assert json.loads(data["endpointOutput"]["data"])[place] == one.output == 2 * value
