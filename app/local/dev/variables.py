"""What a service under development is told beside its user's own settings, none of which is replaced."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import DotEnvSettingsSource

from app.core.settings import Settings
from app.local.place import HOST

CREDENTIALS = (
    *("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
)
"""Any of them says where boto3 finds credentials (boto3's guide, Credentials)."""
FIXED = (
    *("database_url", "database_direct_url", "migration_database_url"),
    *("host", "log_format", "port", "storage_url"),
)
"""Settings that decide what is started beside the service, or what it is told, once and for all."""


class FixedSettings:
    """Those of .env that count when the command starts, and no more afterwards."""

    def __init__(self) -> None:
        self._before = _fixed_in_file()

    def warning(self) -> str:
        """A line that names those which are others now; empty if there are none. Their values stay unsaid."""
        try:
            now = _fixed_in_file()
        except (OSError, UnicodeDecodeError):  # which the service tells
            return ""
        changed = [name.upper() for name in FIXED if now[name] != self._before[name]]
        if not changed:
            return ""
        return f"{', '.join(changed)} in .env changed: it takes effect when this command is started anew.\n"


def _fixed_in_file() -> dict[str, str | None]:
    found = DotEnvSettingsSource(Settings).env_vars
    return {name: found.get(name) for name in FIXED}


def added_variables(given: Settings, database: Mapping[str, str], endpoint_url: str) -> dict[str, str]:
    """What the user did not set; ``database`` leads to a Postgres started here, if one was."""
    for_people = {"log_format": "console", "log_values": "true"}  # whose data it is, who reads it here, too
    added = {name.upper(): value for name, value in for_people.items() if name not in given.model_fields_set}
    return added | dict(database) | _aws(given, endpoint_url) | _past_proxies()


def kept_variables() -> dict[str, str]:
    """The settings of this environment, which another shell lacks."""
    names = [name.upper() for name in Settings.model_fields]
    return {name: os.environ[name] for name in names if name in os.environ}


def _aws(given: Settings, endpoint_url: str) -> dict[str, str]:
    """boto3's variables for a SageMaker that is a process of ours; the keys are no secret."""
    added: dict[str, str] = {}
    if "AWS_ENDPOINT_URL" not in os.environ:
        # With STORAGE_URL S3 is the user's; without, it is where the artifacts' ETags are read.
        services = ["SAGEMAKER_RUNTIME", "SAGEMAKER", *(["S3"] if given.storage_url is None else [])]
        added |= {f"AWS_ENDPOINT_URL_{service}": endpoint_url for service in services}
    if not _has_credentials(given):
        added |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    if not _file("AWS_CONFIG_FILE", "config").is_file():
        added["AWS_DEFAULT_REGION"] = "us-east-1"
    return {name: value for name, value in added.items() if name not in os.environ}


def _has_credentials(given: Settings) -> bool:
    """Whether boto3 may find some. A config file, which often names only a region, counts for a storage."""
    in_config = given.storage_url is not None and _file("AWS_CONFIG_FILE", "config").is_file()
    in_file = _file("AWS_SHARED_CREDENTIALS_FILE", "credentials").is_file()
    return in_config or in_file or any(name in os.environ for name in CREDENTIALS)


def _file(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / ".aws" / default).expanduser()


def _past_proxies() -> dict[str, str]:
    """The loopback address beside what is reached without a proxy anyway."""
    names = [name for name in ("no_proxy", "NO_PROXY") if name in os.environ] or ["NO_PROXY"]
    return {name: ",".join(filter(None, [os.environ.get(name), HOST])) for name in names}
