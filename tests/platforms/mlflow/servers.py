"""MLflow's own servers: the one that tracks and registers models, and the one that scores with them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.platforms.processes import running
from tests.platforms.sample import SampleModel
from tests.platforms.venvs import platform_venv
from tests.support.ports import free_ports

START_SECONDS = 300
"""MLflow imports half a gigabyte of packages, and its first start writes their byte code."""


@contextmanager
def registry(folder: Path, sample: SampleModel) -> Iterator[str]:
    """A tracking server with what ``fill`` puts there; gives its address."""
    programs = platform_venv("mlflow")
    port = free_ports(1)[0]
    address = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [
        programs / "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    command += ["--backend-store-uri", "sqlite:///registry.db", "--artifacts-destination", "artifacts"]
    with running(
        command, folder=folder, env=_path(programs), ready=f"{address}/health", seconds=START_SECONDS
    ):
        fill(address, folder, sample)
        yield address


def fill(registry: str, folder: Path, sample: SampleModel) -> None:
    """Register the sample's models (see register.py) with a tracking server, or in a ``sqlite:///`` file."""
    program = [platform_venv("mlflow") / "python", Path(__file__).with_name("register.py")]
    subprocess.run([*program, registry, sample.booster, *sample.features], cwd=folder, check=True)


@contextmanager
def scoring(folder: Path, registry: str, model: str) -> Iterator[str]:
    """``mlflow models serve`` with a registry's model, as ``models:/transit@champion``; gives its address."""
    programs = platform_venv("mlflow")
    port = free_ports(1)[0]
    address = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [
        programs / "mlflow",
        "models",
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += ["--env-manager", "local", "--model-uri", model]
    env = _path(programs) | {"MLFLOW_TRACKING_URI": registry}
    with running(command, folder=folder, env=env, ready=f"{address}/ping", seconds=START_SECONDS):
        yield address


def _path(programs: Path) -> dict[str, str]:
    """MLflow starts other programs of its venv by their bare names."""
    return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
