"""An asynchronous endpoint that boto3 deploys."""

from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from app.aws import session
from app.local.s3 import S3Server
from tests.support.aws import Serve, connect
from tests.support.deploying import DeployingAccount, on_instances
from tests.support.eventually import until


async def test_it_writes_where_its_configuration_says(
    artifacts: Path, serve: Serve, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    session.cache_clear()
    bucket = f"later-{uuid4().hex}"
    stored = boto3.Session().client("s3")
    stored.create_bucket(Bucket=bucket)
    account = DeployingAccount(serve(), artifacts)
    account.control.create_endpoint_config(
        EndpointConfigName="config",
        ProductionVariants=[on_instances(account.model("m"))],
        AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": f"s3://{bucket}/out"}},
    )
    await account.endpoint("churn", "config")
    runtime = connect("sagemaker-runtime", endpoint_url=account.aws.address)
    stored.put_object(Bucket=bucket, Key="in", Body=b"[[7]]")
    accepted = runtime.invoke_endpoint_async(
        EndpointName="churn", InputLocation=f"s3://{bucket}/in", ContentType="application/json"
    )
    await until(lambda: "Contents" in stored.list_objects_v2(Bucket=bucket, Prefix="out/"))
    key = accepted["OutputLocation"].removeprefix(f"s3://{bucket}/")
    assert stored.get_object(Bucket=bucket, Key=key)["Body"].read() == b'[{"by": "m", "x": 7}]'
    refusal = account.aws.refusal("churn", "[[7]]")
    assert refusal.message == "Endpoint churn is asynchronous: use InvokeEndpointAsync."
    session.cache_clear()
