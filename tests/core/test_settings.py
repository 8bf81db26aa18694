"""Settings that have a form of their own."""

import pytest
from pydantic import SecretStr, ValidationError

from app.core.errors import Misconfigured
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


DURATIONS = (
    *("prediction_ttl", "predict_timeout", "claim_lease", "failure_hold", "revision_refresh"),
    *("database_pool_timeout", "shutdown_delay"),
)


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize("seconds", ["inf", "nan", "-1", "1e17", "4e11"])
def test_a_duration_that_leads_out_of_time(name: str, seconds: str) -> None:
    """With it moments are computed that Postgres cannot hold, or Python cannot read."""
    with pytest.raises(ValidationError, match=name):
        IsolatedSettings.model_validate({"database_url": "postgresql://x", name: seconds})


def test_a_long_duration() -> None:
    assert (
        IsolatedSettings.model_validate(
            {"database_url": "postgresql://x", "prediction_ttl": "3e8"}
        ).prediction_ttl
        == 3e8
    )


@pytest.mark.parametrize("days", ["0", "1000000", "1e300"])
def test_days_that_lead_out_of_time(days: str) -> None:
    with pytest.raises(ValidationError, match="prediction_retention_days"):
        IsolatedSettings.model_validate({"database_url": "postgresql://x", "prediction_retention_days": days})


@pytest.mark.parametrize(
    "url",
    [
        "x",
        "http://login.acme.com",
        "https://",
        "https://a b",
        "https://u:p@a",
        "https://a?x=1",
        "https://a#x",
    ],
)
def test_addresses_that_no_issuer_has(url: str) -> None:
    with pytest.raises(ValueError, match="oidc_issuer"):
        IsolatedSettings(database_url=SecretStr("postgresql://x"), oidc_issuer=url, oidc_audience="a")


def test_issuer_and_audience_go_together() -> None:
    for given in ({"oidc_issuer": "https://a/"}, {"oidc_audience": "a"}):
        with pytest.raises(Misconfigured, match="OIDC_ISSUER and OIDC_AUDIENCE go together"):
            IsolatedSettings.model_validate({"database_url": "postgresql://x"} | given)
    both = {"oidc_issuer": "https://a/", "oidc_audience": "a"}
    assert (
        IsolatedSettings.model_validate({"database_url": "postgresql://x"} | both).oidc_issuer == "https://a/"
    )
