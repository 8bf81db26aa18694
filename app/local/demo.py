"""The worked example in one command: everything it starts ends with it, however it ends."""

import asyncio
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from socket import socket

import uvicorn

from app.core.errors import Misconfigured
from app.core.logging import configure_logging
from app.core.settings import Settings
from app.db import migrate
from app.local import demo_data, demo_place, postgres
from app.local.endpoint_process import running_endpoint
from app.local.s3 import local_s3
from app.local.worker_process import running_worker
from app.storage import Storage, open_storage
from examples.transit import train

DRAIN_SECONDS = 5
DATABASE_STOP_SECONDS = 10


def run(data_dir: Path, port: int, *, s3: bool = False) -> None:
    """Run the demo until Ctrl-C or SIGTERM, and keep its data for the next one.

    With ``s3`` the models are on an S3 server of the demo's own, not in a folder.

    Raises Misconfigured, with nothing made, where the port or the folder cannot be used.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell's `&` started this
    began = time.monotonic()
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        listener = stack.enter_context(demo_place.claimed_port(port))
        folder = stack.enter_context(demo_place.claimed_folder(data_dir))
        settings = _start_parts(folder, stack, s3=s3)
        _fill(settings)
        stack.enter_context(running_worker())
        _serve(listener, folder, began)
    _say("Stopped.\n")


def _start_parts(folder: Path, stack: ExitStack, *, s3: bool) -> Settings:
    """Start what the service needs, and give the settings that lead to it."""
    with _step("Start Postgres"):
        database_url = stack.enter_context(_running_postgres(folder / "postgres"))
    storage = _start_s3(folder / "s3", stack) if s3 else {}
    models = (
        f"{storage['STORAGE_URL']}/{demo_data.ARTIFACTS}" if s3 else str(_build_models(folder / "models"))
    )
    cache = folder / "cache"
    with _step("Start the local SageMaker endpoint"):
        cache.mkdir(exist_ok=True)
        endpoint_url = stack.enter_context(running_endpoint(demo_data.ENDPOINT, models, cache))
    variables = demo_place.environment(database_url, endpoint_url) | storage
    demo_place.write_environment(folder / "demo.env", variables)
    demo_place.adopt(variables)
    return Settings()


def _build_models(folder: Path) -> Path:
    with _step("Build the sample models"):
        folder.mkdir(exist_ok=True)
        for version in demo_data.VERSIONS:
            if not (folder / train.artifact_name(version)).exists():
                train.build(folder, version)
    return folder


def _start_s3(folder: Path, stack: ExitStack) -> dict[str, str]:
    """Start SeaweedFS with the sample models on it; the variables that lead to it."""
    with _step("Start S3"):
        folder.mkdir(exist_ok=True)
        server = stack.enter_context(local_s3(folder).running())
    variables = {**server.environment, "STORAGE_URL": demo_place.STORAGE_URL}
    demo_place.adopt(variables)
    with _step("Build the sample models"):
        asyncio.run(_fill_storage(open_storage(demo_place.STORAGE_URL)))
    return variables


async def _fill_storage(storage: Storage) -> None:
    await storage.ensure_bucket()
    await demo_data.put_artifacts(storage)


@contextmanager
def _running_postgres(root: Path) -> Iterator[str]:
    """Its URL; afterwards waits until the server is gone, so that its folder may be moved or removed."""
    with postgres.start(root) as server:
        yield server.url()
    deadline = time.monotonic() + DATABASE_STOP_SECONDS
    while any(server.sockets.glob(".s.PGSQL.*")) and time.monotonic() < deadline:
        time.sleep(0.05)


def _fill(settings: Settings) -> None:
    configure_logging(settings.model_copy(update={"log_level": "WARNING"}))
    with _step("Migrate the database"):
        asyncio.run(migrate.upgrade(settings))
    with _step("Load the sample orders, register the models"):
        asyncio.run(demo_data.fill(settings))


def _serve(listener: socket, folder: Path, began: float) -> None:
    config = uvicorn.Config(
        "app.main:create_app",
        factory=True,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    port: int = listener.getsockname()[1]
    server = _DemoServer(config, _invitation(port, folder, began))
    try:
        server.run(sockets=[listener])
    except OSError as error:
        raise demo_place.port_error(port, error) from error
    if not server.started:
        raise Misconfigured("The service could not start; its log above says why.")


class _DemoServer(uvicorn.Server):
    """Speaks up once it answers."""

    def __init__(self, config: uvicorn.Config, invitation: str) -> None:
        super().__init__(config)
        self._invitation = invitation

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _say(self._invitation)


def _invitation(port: int, folder: Path, began: float) -> str:
    base = f"http://{demo_place.HOST}:{port}"
    return (
        f"\nReady in {time.monotonic() - began:.1f} s on {base} (its API: {base}/docs). Try:\n\n"
        f"  curl -s -X POST {base}/predict/{train.EXAMPLE_ID}\n"
        f"  curl -s {base}/records/{train.EXAMPLE_ID}\n"
        f"  curl -s {base}/evaluations -H 'content-type: application/json' -d '{{\"bucket\": \"month\"}}'\n"
        f"  curl -s {base}/evaluations/1\n\n"
        f"For `python -m app` in another shell: set -a; . {folder / 'demo.env'}; set +a\n"
        f"Ctrl-C stops everything; the data stays in {folder}.\n"
    )


@contextmanager
def _step(text: str) -> Iterator[None]:
    began = time.monotonic()
    _say(f"{text:.<50} ")
    try:
        yield
    except BaseException:
        _say("\n")
        raise
    _say(f"{time.monotonic() - began:.1f} s\n")


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
