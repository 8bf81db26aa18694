"""`python -m app storage` and `sample`, against a real S3 server, Postgres and the local endpoint."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from app import aws
from app.cli import main
from app.local.endpoint.app import create_app
from app.local.endpoint.config import Endpoint, EndpointConfig
from examples.transit import train
from tests.support.ports import free_ports
from tests.support.s3 import s3_server
from tests.support.server import serving


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/x")
    monkeypatch.setenv("STORAGE_URL", "s3://sample/some where")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def _servers(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    with s3_server(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        aws.session.cache_clear()
        yield
    aws.session.cache_clear()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str]:
    """The exit code and everything said."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code, "".join(capsys.readouterr())


@pytest.mark.usefixtures("_servers")
def test_init_and_load_may_be_repeated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for _ in range(2):
        assert run(capsys, "storage", "init") == (0, "The bucket is there.\n")
    [port] = free_ports(1)
    away = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", away)
    code, said = run(capsys, "sample", "load", "--wait", "0.1")
    assert code == 4
    assert said.startswith("Error: SageMaker endpoint 'transit': The platform")
    assert said.count("\n") == 1
    before = artifacts()
    assert before.keys() == {f"some where/models/{train.artifact_name(version)}" for version in ("1", "2")}
    endpoint = Endpoint("transit", "s3://sample/some where/models")
    with serving(create_app(EndpointConfig((endpoint,), tmp_path / "cache"))) as address:
        for service in ("SAGEMAKER", "SAGEMAKER_RUNTIME"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", address)
        for _ in range(2):
            assert run(capsys, "sample", "load") == (0, "The sample is loaded.\n")
    assert artifacts() == before
    code, said = run(capsys, "models", "list")
    lines = [line.split("\t")[:3] for line in said.splitlines()[1:]]
    assert lines == [["", "transit-time", "1"], ["*", "transit-time", "2"]]


def artifacts() -> dict[str, object]:
    """Keys, and when each was written."""
    found = boto3.Session().client("s3").list_objects_v2(Bucket="sample")["Contents"]
    return {entry["Key"]: entry["LastModified"] for entry in found}


@pytest.mark.parametrize(("url", "complaint"), [(None, "is not set"), ("s3://x", "must be s3://bucket")])
@pytest.mark.parametrize("command", [("storage", "init"), ("sample", "load")])
def test_without_a_storage(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    url: str | None,
    complaint: str,
    command: tuple[str, ...],
) -> None:
    monkeypatch.delenv("STORAGE_URL")
    if url:
        monkeypatch.setenv("STORAGE_URL", url)
    code, said = run(capsys, *command)
    assert code == 1
    assert said.startswith("Error: STORAGE_URL")
    assert complaint in said
