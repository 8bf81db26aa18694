"""One of AWS's containers as a process, and SageMaker's side of it."""

import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.mms.server import multi_model_server
from tests.mms.venv import own_venv
from tests.support.ports import free_ports

START_SECONDS = 120
REPOSITORIES = {"xgboost": "sagemaker-xgboost-container", "sklearn": "sagemaker-scikit-learn-container"}
INFERENCE = """
import os

import joblib


def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
"""


@contextmanager
def container(kind: str, folder: Path) -> Iterator[str]:
    """Run it with its files in ``folder``; gives its address. Skips where it cannot run."""
    source, programs = source_of(kind), containers_venv()
    code, model, port = folder / "code", folder / "model", free_ports(1)[0]
    code.mkdir()
    model.mkdir()
    (code / "inference.py").write_text(INFERENCE)
    own = {
        "SM_MODEL_DIR": str(model),
        "SAGEMAKER_BASE_DIR": str(folder),
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": str(code),
        "PYTHONPATH": f"{source}{os.pathsep}{code}",
        "PYTHONWARNINGS": "ignore",
    }
    command = [str(programs / "python"), str(Path(__file__).with_name("serve.py")), kind, str(port)]
    with (folder / "container.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **own}, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_ready(address, process, folder / "container.log")
            yield address
        finally:
            process.kill()
            process.wait()


@contextmanager
def xgboost_of_many(folder: Path) -> Iterator[tuple[str, Path]]:
    """The built-in XGBoost as the container of a multi-model endpoint, which multi-model-server runs; gives
    its address, and a folder of artifacts, of which there is one: m.tar.gz."""
    source, programs = source_of("xgboost"), containers_venv()
    model, artifacts, handler = folder / "model", folder / "artifacts", Path(__file__).with_name("service.py")
    model.mkdir()
    artifacts.mkdir()
    own = {"SM_MODEL_DIR": str(model), "PYTHONPATH": str(source), "SAGEMAKER_BASE_DIR": str(folder)}
    make = [str(programs / "python"), str(Path(__file__).with_name("serve.py")), "xgboost"]
    subprocess.run(make, env={**os.environ, **own}, check=True)
    with tarfile.open(artifacts / "m.tar.gz", "w:gz") as archive:
        archive.add(model / "xgboost-model.ubj", "xgboost-model.ubj")
    with multi_model_server(folder, programs, handler, own) as address:
        yield address, artifacts


def containers_venv() -> Path:
    """The folder of its programs."""
    return own_venv("containers-venv", Path(__file__).with_name("requirements.txt"), "--no-deps")


def source_of(kind: str) -> Path:
    """The container's packages. Skips where they are not there, or cannot run."""
    if sys.version_info >= (3, 13):
        pytest.skip("AWS's containers import the module cgi, which Python 3.13 no longer has.")
    source = Path(os.environ.get("AWS_CONTAINERS", "")) / REPOSITORIES[kind] / "src"
    if not os.environ.get("AWS_CONTAINERS") or not source.is_dir():
        pytest.skip(f"AWS_CONTAINERS names no folder with a checkout of aws/{REPOSITORIES[kind]}.")
    return source


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(f"{address}/ping", timeout=START_SECONDS).raise_for_status()
            return
        except httpx.HTTPError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The container did not start: {log.read_text()[-2000:]}") from error
            time.sleep(0.2)
