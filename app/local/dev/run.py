"""The user's own service in one command: everything it starts ends with it, however it ends."""

import asyncio
import os
import time
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from socket import socket

from app.core.errors import Misconfigured
from app.core.given_settings import NO_DATABASE, given_settings
from app.core.logging import configure_logging
from app.core.settings import Settings
from app.db import migrate
from app.local import place, postgres
from app.local.callers import require_keys, who_is_answered
from app.local.dev.code import Code
from app.local.dev.invitation import invitation
from app.local.dev.lives import Lives
from app.local.dev.variables import (
    FixedSettings,
    added_variables,
    kept_variables,
)
from app.local.endpoint.config import Endpoint
from app.local.endpoint_process import running_endpoint
from app.local.processes import end_in_order_on_signals
from app.local.telling import say, step


def run(models: Path, endpoint: str, data_dir: Path, port: int | None) -> None:
    """Run the service on the user's files until Ctrl-C or SIGTERM, and keep its data for the next time.

    ``models`` is served as the multi-model endpoint of that name; ``port`` None is that of the settings.

    Raises Misconfigured or ValidationError, with nothing started, where the name, a setting, the port or a
    folder cannot be used. A use case that cannot be used is said, and waited for.
    """
    end_in_order_on_signals()
    began = time.monotonic()
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        _check_name(endpoint)
        given = given_settings()
        listener = stack.enter_context(place.claimed_port(given.port if port is None else port, given.host))
        folder = stack.enter_context(place.claimed_folder(data_dir))
        code, fixed = Code(given.use_case), FixedSettings()
        _start_parts(given, folder, _made(models), endpoint, stack)
        _migrate()
        require_keys(Settings())
        answered = who_is_answered(Settings())
        _listen(listener)
        announce = partial(_invite, listener, folder, models, endpoint, answered, began)
        Lives(code, listener, announce, fixed.warning).run()
    say("Stopped.\n")


def _check_name(endpoint: str) -> None:
    try:
        Endpoint(endpoint, "")
    except ValueError as error:
        raise Misconfigured(f"--endpoint: {error}.") from error


def _made(models: Path) -> Path:
    if models.parts[:1] == ("s3:",):
        raise Misconfigured("--models must be a folder on this machine, not an address of S3.")
    try:
        models.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"The folder of models {models} cannot be made: {error.strerror}.") from error
    return models


def _start_parts(given: Settings, folder: Path, models: Path, endpoint: str, stack: ExitStack) -> None:
    """Start what the user has not, and lead this process and its children there."""
    database: dict[str, str] = {}
    if given.database_url == NO_DATABASE:
        with step("Start Postgres"):
            database = stack.enter_context(postgres.running(folder / "postgres")).variables()
    with step("Start the local SageMaker endpoint"):
        endpoint_url = stack.enter_context(running_endpoint(endpoint, str(models), folder / "cache"))
    added = added_variables(given, database, endpoint_url)
    place.write_environment(folder / "dev.env", kept_variables() | added)
    os.environ.update(added)


def _migrate() -> None:
    settings = Settings()
    configure_logging(settings.model_copy(update={"log_level": "WARNING"}))
    with step("Migrate the database"):
        asyncio.run(migrate.upgrade(settings))


def _listen(listener: socket) -> None:
    """From now on calls wait for a service that is starting."""
    try:
        listener.listen()
    except OSError as error:
        raise place.port_error(listener.getsockname()[1], error) from error


def _invite(listener: socket, folder: Path, models: Path, endpoint: str, answered: str, began: float) -> None:
    address, model = place.address(listener), Settings().default_model
    say(
        f"\nReady in {time.monotonic() - began:.1f} s on "
        + invitation(address, folder, models, endpoint, answered, default_model=model)
    )
