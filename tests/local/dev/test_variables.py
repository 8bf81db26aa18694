import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.core.given_settings import NO_DATABASE, given_settings
from app.local.dev.variables import (
    FixedSettings,
    added_variables,
    kept_variables,
)

ENDPOINT = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name in ("DATABASE_URL", "USE_CASE", "no_proxy", "NO_PROXY") or name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def added(database: Mapping[str, str] | None = None) -> dict[str, str]:
    return added_variables(given_settings(), database or {}, ENDPOINT)


def test_what_is_not_set_is_added() -> None:
    assert given_settings().database_url == NO_DATABASE
    assert added({"DATABASE_URL": "postgresql://here"}) == {
        "LOG_FORMAT": "console",
        "LOG_VALUES": "true",
        "DATABASE_URL": "postgresql://here",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": ENDPOINT,
        "AWS_ENDPOINT_URL_SAGEMAKER": ENDPOINT,
        "AWS_ENDPOINT_URL_S3": ENDPOINT,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
    }


def test_nothing_of_an_env_file_is_replaced(tmp_path: Path) -> None:
    lines = [
        "DATABASE_URL=postgresql://theirs",
        "LOG_FORMAT=json",
        "LOG_VALUES=false",
        "USE_CASE=a.b",
        "STORAGE_URL=s3://theirs",
    ]
    (tmp_path / ".env").write_text("\n".join(lines))
    given = given_settings()
    assert given.database_url.get_secret_value() == "postgresql://theirs"
    assert given.use_case == "a.b"
    assert set(added()) == {
        *("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_ENDPOINT_URL_SAGEMAKER"),  # and not S3's
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "NO_PROXY"),
    }


@pytest.mark.parametrize(
    ("name", "left"),
    {
        "AWS_ENDPOINT_URL": {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"},
        "AWS_ENDPOINT_URL_SAGEMAKER": {
            *("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_ENDPOINT_URL_S3"),
            *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"),
        },
        "AWS_PROFILE": {
            *("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_ENDPOINT_URL_SAGEMAKER", "AWS_ENDPOINT_URL_S3"),
            "AWS_DEFAULT_REGION",
        },
    }.items(),
)
def test_what_is_set_of_aws_stays(monkeypatch: pytest.MonkeyPatch, name: str, left: set[str]) -> None:
    monkeypatch.setenv(name, "theirs")
    assert {name for name in added() if name.startswith("AWS_")} == left


def test_credentials_in_a_file_are_used(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").touch()
    assert "AWS_ACCESS_KEY_ID" in added()
    assert "AWS_DEFAULT_REGION" not in added()
    (tmp_path / ".env").write_text("STORAGE_URL=s3://theirs")
    assert "AWS_ACCESS_KEY_ID" not in added()
    (tmp_path / ".env").unlink()
    (tmp_path / ".aws" / "credentials").touch()
    assert "AWS_ACCESS_KEY_ID" not in added()


def test_what_goes_past_a_proxy_goes_on_doing_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "theirs")
    assert added()["no_proxy"] == "theirs,127.0.0.1"


def test_a_setting_that_does_not_fit_is_refused_with_or_without_a_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "eighty")
    for _ in range(2):
        with pytest.raises(ValidationError) as caught:
            given_settings()
        assert [fault["loc"] for fault in caught.value.errors()] == [("port",)]
        monkeypatch.setenv("DATABASE_URL", "postgresql://theirs")


def test_another_shell_gets_this_ones_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USE_CASE", "a.b")
    assert kept_variables()["USE_CASE"] == "a.b"


def test_a_setting_that_comes_too_late_is_named_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ".env"
    fixed = FixedSettings()
    file.write_text("DEFAULT_MODEL=churn\n")
    assert fixed.warning() == ""
    file.write_text("database_url=postgresql://me:hunter2@db/x\nPORT=8001\n")
    assert fixed.warning().startswith("DATABASE_URL, PORT in .env changed: ")
    assert "hunter2" not in fixed.warning()
    assert FixedSettings().warning() == ""
    file.write_bytes(b"PORT=\xe9\n")
    assert fixed.warning() == ""
