"""Settings that have a form of their own."""

import pytest
from pydantic import SecretStr, ValidationError

from tests.support.settings import IsolatedSettings


def storage_url(url: str) -> str | None:
    return IsolatedSettings(database_url=SecretStr("postgresql://x"), storage_url=url).storage_url


@pytest.mark.parametrize(
    "url", ["s3://abc", "s3://abc/", "s3://my.bucket-1/a b/é+%/...", "s3://abc/x?y#z", "s3://abc/.hidden/"]
)
def test_a_storage_url(url: str) -> None:
    assert storage_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "abc",
            "https://abc",
            "s3://",
            "s3://ab",
            "s3://Abc",
            "s3://a_bc",
            "s3://-abc",
            "s3://" + "a" * 64,
        ),
        *(
            "s3://abc//x",
            "s3://abc/x//",
            "s3://abc/../x",
            "s3://abc/x/..",
            "s3://abc/./x",
            "s3://abc/x\n",
            "s3://abc\n",
        ),
    ],
)
def test_what_is_none(url: str) -> None:
    with pytest.raises(ValidationError, match="must be s3://bucket or s3://bucket/prefix"):
        storage_url(url)
