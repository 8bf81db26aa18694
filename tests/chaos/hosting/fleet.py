"""Processes of the service on one database and one platform."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.core.settings import Settings
from tests.chaos.hosting.platform import Platform
from tests.support import service
from tests.support.aws_stub import aws_environment
from tests.support.orders import FEATURES, order
from tests.support.ports import free_ports
from tests.support.use_case import PACKAGE

ROOT = Path(__file__).parents[3]
BATCH = 500
STARTED = "from app.cli import main; main({arguments!r})"


@dataclass
class Replica:
    """A process of the service that may be killed, or broken on purpose by a ``fault`` in Python."""

    url: str
    process: "subprocess.Popen[bytes]"

    def predict(self, record_id: str) -> str:
        return f"/predict/{record_id}"


@dataclass(frozen=True)
class Fleet:
    """What all replicas share."""

    settings: Settings
    platform: Platform
    folder: Path

    def variables(self, **more: str) -> dict[str, str]:
        base = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **base,
            **aws_environment(self.platform.url),
            "DATABASE_URL": self.settings.database_url.get_secret_value(),
            "USE_CASE": PACKAGE,
            "DEFAULT_MODEL": "m",
            "LOG_LEVEL": "WARNING",
            **more,
        }

    @contextmanager
    def replica(self, *, fault: str = "", **variables: str) -> Iterator[Replica]:
        """One more of them, once it is ready; killed at the end if it is still there."""
        with self.begun(fault=fault, **variables) as replica:
            self.wait_for(replica)
            yield replica

    @contextmanager
    def begun(self, *, fault: str = "", **variables: str) -> Iterator[Replica]:
        """The same, which may not be ready yet."""
        [port] = free_ports(1)
        code = f"{fault}\n{STARTED.format(arguments=['serve', '--port', str(port)])}"
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", code],
                cwd=ROOT,
                env=self.variables(**variables),
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            yield Replica(f"http://127.0.0.1:{port}", process)
        finally:
            process.kill()
            process.wait()

    def wait_for(self, replica: Replica) -> None:
        service._wait_until_ready(f"{replica.url}/health/ready", replica.process, self.folder / "log")


def register(url: str, model: str, version: str, options: Mapping[str, object]) -> None:
    """A version, live at once."""
    body = {"version": version, "backend": "sagemaker", "options": options, "features": FEATURES}
    wanted = {**body, "promote": True, "probe": False}
    said = httpx.post(f"{url}/models/{model}/versions", json=wanted, timeout=60)
    assert said.status_code == 201, said.text


def store(url: str, values: Mapping[str, float]) -> None:
    """Records by id, each with the number that the model is asked about."""
    items = [{"id": name, "input": order(float(value))} for name, value in values.items()]
    with httpx.Client(base_url=url, timeout=60) as client:
        for start in range(0, len(items), BATCH):
            said = client.post("/records", json=items[start : start + BATCH])
            assert said.status_code == 200, said.text
