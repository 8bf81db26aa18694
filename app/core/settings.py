"""All settings, read from the environment (or a file named .env) when the app is created."""

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from app.core import database_url
from app.core.errors import Misconfigured
from app.core.hosts import Hosts, is_secure
from app.core.web.names import ServedNames, origins

CENTURY = 100 * 366 * 86_400
"""Seconds. A longer time, or an infinite one, leads to moments that Postgres or Python cannot hold."""

Seconds = Annotated[float, Field(gt=0, le=CENTURY, allow_inf_nan=False)]
SecondsOrNone = Annotated[float, Field(ge=0, le=CENTURY, allow_inf_nan=False)]
"""That many seconds, 0 for none."""


# The bucket's name as S3 has it; plain names in the prefix, since servers on file systems resolve dots.
STORAGE_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/(?!\.{1,2}(/|$))[^/\x00-\x1f\x7f]+)*/?")

ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")

EMPTY_IS_NONE = BeforeValidator(lambda text: text or None)

Package = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]
"""A dotted name, as it is imported."""


def _storage_url(url: str) -> str:
    if not STORAGE_URL.fullmatch(url):
        raise ValueError("must be s3://bucket or s3://bucket/prefix")
    return url


def _root_path(path: str) -> str:
    if not ROOT_PATH.fullmatch(path):
        raise ValueError("must be empty, or one or more parts such as /scores, with no slash at the end")
    return path


def _database_url(url: SecretStr) -> SecretStr:
    database_url.parse(url.get_secret_value())
    return url


def _issuer(url: str) -> str:
    if not is_secure(url) or set(url) & set("?#"):
        raise ValueError("must be an https:// address, without a query; http:// for this machine alone")
    return url


def _hosts(entries: str) -> str:
    Hosts(entries)
    return entries


def _served_names(entries: str) -> str:
    ServedNames(entries)
    return entries


def _origins(entries: str) -> str:
    origins(entries)
    return entries


DatabaseAddress = Annotated[SecretStr, AfterValidator(_database_url)]


class Settings(BaseSettings):
    """The service's settings. The table of docs/settings.md is made from these docstrings."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    database_url: DatabaseAddress
    """Postgres, as postgresql://user:password@host:port/database."""
    database_direct_url: DatabaseAddress | None = None
    """The same database past a pooler, for migrations, workers and LISTEN; without one DATABASE_URL."""
    migration_database_url: DatabaseAddress | None = None
    """The same for the role that owns the tables, for `migrate` alone; default DATABASE_DIRECT_URL."""
    database_pooler: bool = False
    """DATABASE_URL goes through a pooler in transaction mode (PgBouncer): no prepared statements."""
    database_pool_size: Annotated[int, Field(ge=2, le=200)] = 10
    """Connections each process may hold, beside one for LISTEN."""
    database_pool_timeout: Seconds = 10
    """Seconds a request waits for a connection before it is answered 503."""

    storage_url: Annotated[str, AfterValidator(_storage_url)] | None = None
    """Where artifacts and reports are kept: s3://bucket or s3://bucket/prefix, on any S3 server."""

    auth: Literal["keys", "none"] = "keys"
    """`none` lets anybody do anything; with `keys` that is so on loopback until a first key is made."""
    oidc_issuer: Annotated[Annotated[str, AfterValidator(_issuer)] | None, EMPTY_IS_NONE] = None
    """Whose tokens are taken beside keys, exactly as their `iss` says it, such as https://login.acme.com/."""
    oidc_audience: Annotated[str | None, EMPTY_IS_NONE] = None
    """What the `aud` of such a token must name; needed with OIDC_ISSUER."""
    oidc_scope_prefix: str = ""
    """What the scopes of tokens begin with, such as predictions: for predictions:read."""
    oidc_models_claim: Annotated[str | None, EMPTY_IS_NONE] = None
    """The claim that names the models a token is for; with it, a token without it is refused."""
    oidc_prefix_claim: Annotated[str | None, EMPTY_IS_NONE] = None
    """The claim with which the ids of a token's records begin; with it, a token without it is refused."""
    host: str = "127.0.0.1"
    """Address the service listens on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port the service listens on."""
    root_path: Annotated[str, AfterValidator(_root_path)] = ""
    """Path below which a proxy serves the API, such as /scores, whether the proxy strips it or not."""
    allowed_hosts: Annotated[str, AfterValidator(_served_names)] = ""
    """Names by which the service is asked, with commas: host, *.suffix or *; private ones need none."""
    allowed_origins: Annotated[str, AfterValidator(_origins)] = ""
    """Origins of web pages that may use the API from a browser, with commas: https://host. Default none."""
    docs: bool = True
    """Whether /docs, /redoc and /openapi.json are served."""
    dashboard: bool = True
    """Whether / and /dashboard are served: the pages for people."""
    keep_alive: Annotated[int, Field(ge=1, le=86_400)] = 75
    """Seconds an idle connection is kept open; longer than the balancer before the service keeps it."""
    shutdown_delay: SecondsOrNone = 0
    """Seconds the service goes on after SIGTERM, no longer ready, so that balancers turn away first."""
    log_format: Literal["console", "json"] = "json"
    """Log lines for people or for machines."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severe level that is logged; of libraries INFO at least."""
    log_values: bool = False
    """Whether the log may quote what customers sent: ids, messages of exceptions, platforms' answers."""

    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port of HOST on which a worker tells its own metrics, to whom the service does; 0 for none."""
    metrics_folder: Annotated[Path | None, EMPTY_IS_NONE] = None
    """Where processes on one port share their metrics; `serve --workers` makes one by itself."""

    use_case: Annotated[Package | None, EMPTY_IS_NONE] = None
    """A package with modules named like the four files, such as examples.transit; default those files."""
    default_model: str | None = None
    """The model that answers when a request names none."""
    pipeline_version: str | None = None
    """Replaces the fingerprint of the user's code in the cache key."""
    memory_records: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """Records whose predictions each process keeps in memory, too; 0 for none."""
    memory_seconds: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 1
    """Most seconds for which such a prediction is answered without asking the database."""
    prediction_ttl: Seconds | None = None
    """Seconds a prediction stays valid; default for ever (until the input, model or code changes)."""
    predict_timeout: Seconds = 70
    """Seconds a caller waits for one prediction before 504, retries and waiting for others included."""
    claim_lease: Seconds = 12
    """Seconds after which a silent leader's claim may be taken over; renewed every third of it."""
    failure_hold: SecondsOrNone = 1
    """Seconds a failed inference is shared with other callers before one of them may try again."""

    inference_concurrency: Annotated[int, Field(ge=1, le=1000)] = 32
    """Calls to a hosting platform that run at once, per model version and process."""
    inference_queue: Annotated[int, Field(ge=0, le=1_000_000)] = 256
    """Predictions that may wait for such a call; what comes beyond them is answered 503 at once."""
    backend_hosts: Annotated[str, AfterValidator(_hosts)] = ""
    """Hosts that options may name, with commas, each with the secrets for it: host=NAME+NAME, http://host:port."""
    operation_timeout: Seconds = 3600
    """Seconds a worker waits for a prediction that its caller does not wait for (202), or to hand it over."""
    revision_refresh: Seconds = 60
    """Seconds between two looks at what the platform has deployed."""

    prediction_retention_days: Annotated[int, Field(ge=1, le=36_600)] | None = None
    """Days after which workers delete a prediction, unless an evaluation judged it; default never."""
    worker_alive_file: Annotated[str | None, EMPTY_IS_NONE] = None
    """A file that a worker touches every two seconds while its database answers, for health checks."""

    receive_timeout: Annotated[float, Field(ge=0.1, le=3600, allow_inf_nan=False)] = 60
    """Seconds in which a request's head has to come, and so each 64 KB of its body; then 408."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 10_000_000
    """Largest JSON request body, in bytes."""
    max_import_bytes: Annotated[int, Field(ge=1024)] = 2_000_000_000
    """Largest body of a bulk import over HTTP, in bytes."""
    max_batch: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Most records in one predict or records request."""

    @model_validator(mode="after")
    def _require_an_audience(self) -> Self:
        if (self.oidc_issuer is None) != (self.oidc_audience is None):
            raise Misconfigured("OIDC_ISSUER and OIDC_AUDIENCE go together: set both, or none.")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """After the environment and .env, the files of the folder that SECRETS_DIR names."""
        folder = os.environ.get("SECRETS_DIR")
        if folder is not None and not Path(folder).is_dir():
            raise Misconfigured("SECRETS_DIR is no folder that can be read.")
        files = SecretsSettingsSource(settings_cls, secrets_dir=folder)
        return init_settings, env_settings, dotenv_settings, files

    @cached_property
    def direct_url(self) -> SecretStr:
        """Where migrations, workers and LISTEN connect; Misconfigured if a pooler is all that is known."""
        if self.database_pooler and self.database_direct_url is None:
            raise Misconfigured(
                "DATABASE_POOLER is set, and DATABASE_DIRECT_URL is not: migrations and workers need the"
                " database's own address, past the pooler."
            )
        return self.database_direct_url or self.database_url

    @cached_property
    def owner_url(self) -> SecretStr:
        """Where migrations connect, as the role that owns the tables."""
        return self.migration_database_url or self.direct_url
