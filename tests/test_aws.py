"""boto3 clients are shared, and none is kept that could not work."""

from collections.abc import Iterator

import pytest

from app import aws
from app.aws import clients

CONFIG = aws.call_config(attempts=1, connect_timeout=1, read_timeout=1)


@pytest.fixture(autouse=True)
def _fresh_session(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test has the session of its own environment."""
    request.getfixturevalue("aws")
    aws.session.cache_clear()
    yield
    aws.session.cache_clear()


def test_the_same_wishes_are_the_same_client() -> None:
    again = aws.call_config(attempts=1, connect_timeout=1, read_timeout=1)
    assert aws.sagemaker_client(CONFIG) is aws.sagemaker_client(again)
    assert aws.sagemaker_client(CONFIG) is not aws.sagemaker_client(CONFIG, region="eu-west-1")
    assert aws.s3_client(CONFIG) is aws.s3_client(again)
    runtime = aws.sagemaker_runtime_client(CONFIG)
    assert runtime is aws.sagemaker_runtime_client(CONFIG)
    elsewhere = aws.sagemaker_runtime_client(CONFIG, endpoint_url="http://127.0.0.1:1")
    assert elsewhere is not runtime


def test_another_address_is_another_client(monkeypatch: pytest.MonkeyPatch) -> None:
    before = aws.s3_client(CONFIG)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    assert aws.s3_client(CONFIG).meta.endpoint_url == "http://127.0.0.1:1" != before.meta.endpoint_url


def test_a_client_without_credentials_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would never look for them again."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    first = aws.s3_client(CONFIG)
    assert aws.s3_client(CONFIG) is not first
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    assert aws.s3_client(CONFIG) is aws.s3_client(CONFIG)


def test_clients_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "MAX_CLIENTS", 2)
    first = aws.s3_client(CONFIG)
    for port in (1, 2):
        aws.sagemaker_runtime_client(CONFIG, endpoint_url=f"http://127.0.0.1:{port}")
    assert aws.s3_client(CONFIG) is not first
