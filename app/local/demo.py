"""The worked example in one command: everything it starts ends with it, however it ends."""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from socket import socket

from fastapi import FastAPI

from app.core.logging import configure_logging
from app.core.settings import Settings
from app.db import migrate
from app.local import demo_data, demo_place, place, postgres
from app.local.callers import who_is_answered
from app.local.endpoint_process import running_endpoint
from app.local.processes import end_in_order_on_signals, kept_command
from app.local.s3 import local_s3
from app.local.serving import serve
from app.local.telling import say, step
from app.storage import Storage, open_storage
from examples.transit import train


def run(data_dir: Path, port: int, create_app: Callable[[], FastAPI], *, s3: bool = False) -> None:
    """Run the demo until Ctrl-C or SIGTERM, and keep its data for the next one.

    With ``s3`` the models are on an S3 server of the demo's own, not in a folder.

    Raises Misconfigured, with nothing made, where the port or the folder cannot be used.
    """
    end_in_order_on_signals()
    began = time.monotonic()
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        listener = stack.enter_context(place.claimed_port(port))
        folder = stack.enter_context(place.claimed_folder(data_dir))
        settings = _start_parts(folder, stack, s3=s3)
        _fill(settings)
        answered = who_is_answered(settings)
        stack.enter_context(kept_command("worker"))
        _serve(create_app(), listener, partial(_invite, place.address(listener), folder, answered, began))
    say("Stopped.\n")


def _start_parts(folder: Path, stack: ExitStack, *, s3: bool) -> Settings:
    """Start what the service needs, and give the settings that lead to it."""
    with step("Start Postgres"):
        database = stack.enter_context(postgres.running(folder / "postgres"))
    storage = _start_s3(folder / "s3", stack) if s3 else {}
    models = (
        f"{storage['STORAGE_URL']}/{demo_data.ARTIFACTS}" if s3 else str(_build_models(folder / "models"))
    )
    with step("Start the local SageMaker endpoint"):
        endpoint_url = stack.enter_context(running_endpoint(demo_data.ENDPOINT, models, folder / "cache"))
    variables = demo_place.environment(database.url(), endpoint_url, database.owner_url()) | storage
    place.write_environment(folder / "demo.env", variables)
    demo_place.adopt(variables)
    return Settings()


def _build_models(folder: Path) -> Path:
    with step("Build the sample models"):
        folder.mkdir(exist_ok=True)
        for version in demo_data.VERSIONS:
            if not (folder / train.artifact_name(version)).exists():
                train.build(folder, version)
    return folder


def _start_s3(folder: Path, stack: ExitStack) -> dict[str, str]:
    """Start SeaweedFS with the sample models on it; the variables that lead to it."""
    with step("Start S3"):
        folder.mkdir(exist_ok=True)
        server = stack.enter_context(local_s3(folder).running())
    variables = {**server.environment, "STORAGE_URL": demo_place.STORAGE_URL}
    demo_place.adopt(variables)
    with step("Build the sample models"):
        asyncio.run(_fill_storage(open_storage(demo_place.STORAGE_URL)))
    return variables


async def _fill_storage(storage: Storage) -> None:
    await storage.ensure_bucket()
    await demo_data.put_artifacts(storage)


def _fill(settings: Settings) -> None:
    configure_logging(settings.model_copy(update={"log_level": "WARNING"}))
    with step("Migrate the database"):
        asyncio.run(migrate.upgrade(settings))
    with step("Load the sample orders, register the models"):
        asyncio.run(demo_data.fill(settings))


def _serve(app: FastAPI, listener: socket, announce: Callable[[], None]) -> None:
    try:
        serve(app, listener, announce)
    except OSError as error:
        raise place.port_error(listener.getsockname()[1], error) from error


def _invite(base: str, folder: Path, answered: str, began: float) -> None:
    say(
        f"\nReady in {time.monotonic() - began:.1f} s on {base} (its API: {base}/docs). Try:\n\n"
        f"  curl -s -X POST {base}/predict/{train.EXAMPLE_ID}\n"
        f"  curl -s {base}/records/{train.EXAMPLE_ID}\n"
        f"  curl -s {base}/evaluations -H 'content-type: application/json' -d '{{\"bucket\": \"month\"}}'\n"
        f"  curl -s {base}/evaluations/1\n\n"
        f"{answered}\n"
        f"For `python -m app` in another shell: set -a; . {folder / 'demo.env'}; set +a\n"
        f"Ctrl-C stops everything; the data stays in {folder}.\n"
    )
