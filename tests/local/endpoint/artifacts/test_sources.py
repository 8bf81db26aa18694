from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

import app.aws
from app.local.endpoint.artifacts.sources import serve as open_endpoint
from app.local.endpoint.config import Endpoint
from app.local.s3 import S3Server
from tests.support.artifacts import write_artifact
from tests.support.aws import Serve
from tests.support.s3 import stoppable_s3


@pytest.fixture(autouse=True)
def _fresh_session() -> Iterator[None]:
    """The endpoint is in this process, whose one session keeps the credentials that it was made with."""
    app.aws.session.cache_clear()
    yield
    app.aws.session.cache_clear()


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket that this process' own environment leads to."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    name = f"models-{uuid4().hex}"
    boto3.Session().client("s3").create_bucket(Bucket=name)
    return name


def put(bucket: str, key: str, path: Path) -> None:
    boto3.Session().client("s3").put_object(Bucket=bucket, Key=key, Body=path.read_bytes())


def test_a_prefix_and_a_single_object_in_a_bucket(bucket: str, serve: Serve, tmp_path: Path) -> None:
    path = write_artifact(tmp_path / "model.tar.gz")
    put(bucket, "team a/churn/v 1+é.tar.gz", path)
    put(bucket, "team a/secret.tar.gz", path)
    aws = serve(
        Endpoint("prefix", f"s3://{bucket}/team a/churn"),
        Endpoint("slash", f"s3://{bucket}/team a/churn/"),
        Endpoint("whole", f"s3://{bucket}"),
        Endpoint("one", f"s3://{bucket}/team a/churn/v 1+é.tar.gz", multi_model=False),
    )
    assert aws.invoke("prefix", TargetModel="v 1+é.tar.gz").body == "6"
    assert aws.invoke("slash", TargetModel="v 1+é.tar.gz").body == "6"
    assert aws.invoke("whole", TargetModel="team a/churn/v 1+é.tar.gz").body == "6"
    assert aws.invoke("one").body == "6"
    for name in ("no.tar.gz", "../secret.tar.gz", "/secret.tar.gz"):
        refusal = aws.refusal("prefix", TargetModel=name)
        assert refusal.code == "ValidationError"
        assert f"(bucket: {bucket}, key: team a/churn/{name})" in refusal.message


def test_a_bucket_that_refuses_us_is_a_failed_download(
    bucket: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    refusal = serve(Endpoint("prefix", f"s3://{bucket}/")).refusal("prefix", TargetModel="a")
    assert "SignatureDoesNotMatch" in refusal.message


def test_a_server_that_is_away_is_said_and_waited_for(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stoppable = stoppable_s3(tmp_path)
    for name, value in stoppable.server.environment.items():
        monkeypatch.setenv(name, value)
    aws = serve(Endpoint("prefix", "s3://models"))
    refusal = aws.refusal("prefix", TargetModel="m.tar.gz")
    assert (refusal.code, refusal.status) == ("ServiceUnavailable", 503)
    assert "(bucket: models, key: m.tar.gz) could not be downloaded" in refusal.message
    with stoppable.running():
        boto3.Session().client("s3").create_bucket(Bucket="models")
        put("models", "m.tar.gz", write_artifact(tmp_path / "m.tar.gz"))
        assert aws.invoke("prefix", TargetModel="m.tar.gz").body == "6"


@pytest.mark.parametrize(
    ("artifacts", "multi_model", "url"),
    [
        ("s3://b/p", True, "s3://b/p/"),
        ("s3://b/p/q/", True, "s3://b/p/q/"),
        ("s3://b", True, "s3://b/"),
        ("s3://b/p/m.tar.gz", False, "s3://b/p/m.tar.gz"),
        ("s3://b/m.tar.gz", False, "s3://b/m.tar.gz"),
        ("{folder}", True, "s3://local/e/"),
        ("{folder}/m.tar.gz", False, "s3://local/e/m.tar.gz"),
    ],
)
def test_where_the_artifacts_are_said_to_be(
    tmp_path: Path, artifacts: str, multi_model: bool, url: str
) -> None:
    write_artifact(tmp_path / "m.tar.gz")
    served = open_endpoint(Endpoint("e", artifacts.format(folder=tmp_path), multi_model))
    assert served.model_data_url == url


def test_what_is_not_there_is_said_at_the_start(tmp_path: Path) -> None:
    for multi_model in (True, False):
        with pytest.raises(ValueError, match="endpoint 'e': there is no"):
            open_endpoint(Endpoint("e", str(tmp_path / "no"), multi_model))
