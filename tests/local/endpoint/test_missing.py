"""What the endpoint does not have is refused at registration, and named where a version of it predicts."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from pydantic import JsonValue

from app.aws import session
from app.backends.registry import open_backend
from app.core.errors import BackendMissing, InvalidInput
from app.core.hosts import Hosts
from app.core.settings import Settings
from app.local.endpoint.config import Endpoint
from app.local.s3 import S3Server
from app.schemas.hosting.deployments import Deployment
from app.services.inference import Inference
from tests.support.artifacts import write_artifact
from tests.support.aws import Serve
from tests.support.aws_stub import aws_environment
from tests.support.eventually import TIMEOUT
from tests.support.looks import only

MISSING: list[tuple[dict[str, JsonValue], str]] = [
    ({"endpoint_name": "multi2"}, "endpoint_name"),
    ({"target_model": "no.tar.gz"}, "target_model"),
    ({"target_model": "m.tar"}, "target_model"),
    ({"target_variant": "blue"}, "target_variant"),
]
"""Changes of options that fit, and the option that is to blame."""


@pytest.fixture(params=["folders", "a bucket"])
def options(
    request: pytest.FixtureRequest,
    artifacts: Path,
    serve: Serve,
    s3: S3Server,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[dict[str, JsonValue]]:
    """Those of the artifact m.tar.gz, in the folder of ``multi`` or in the bucket of ``far``."""
    path, bucket = write_artifact(artifacts / "m.tar.gz"), f"models-{uuid4().hex}"
    for name, value in {**aws_environment("http://127.0.0.1:9"), **s3.environment}.items():
        monkeypatch.setenv(name, value)
    client = boto3.Session().client("s3")
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="prefix/m.tar.gz", Body=path.read_bytes())
    session.cache_clear()
    address = serve(Endpoint("far", f"s3://{bucket}/prefix")).address
    services = {"SAGEMAKER", "SAGEMAKER_RUNTIME", *(("S3",) if request.param == "folders" else ())}
    for name in services:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", address)
    name = "multi" if request.param == "folders" else "far"
    yield {"endpoint_name": name, "target_model": "m.tar.gz"}
    session.cache_clear()


@pytest.fixture
async def inference() -> AsyncIterator[Inference]:
    opened = Inference(Settings(database_url="postgresql://nowhere", inference_concurrency=2, _env_file=None))
    yield opened
    await opened.aclose()


def version(options: dict[str, JsonValue]) -> Deployment:
    return Deployment(0, "churn", "1", "sagemaker", options, ("a",))


async def test_what_is_there_is_registered(inference: Inference, options: dict[str, JsonValue]) -> None:
    name = options["endpoint_name"]
    assert str(only(await inference.probe(version(options)))).startswith(f"{name}-")


@pytest.mark.parametrize(("change", "field"), MISSING)
async def test_what_is_not_there_is_refused_at_registration(
    inference: Inference, options: dict[str, JsonValue], change: dict[str, JsonValue], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await inference.probe(version(options | change))
    assert [fault.field for fault in caught.value.errors] == [f"options.{field}"]


@pytest.mark.parametrize(("change", "field"), MISSING)
async def test_what_is_not_there_is_named_where_it_predicts(
    options: dict[str, JsonValue], change: dict[str, JsonValue], field: str
) -> None:
    backend = open_backend("sagemaker", options | change, ["a"], concurrency=1, hosts=Hosts())
    with pytest.raises(BackendMissing) as caught:
        await backend.predict([[1]], TIMEOUT)
    assert [fault.field for fault in caught.value.errors] == [f"options.{field}"]
    await backend.aclose()
