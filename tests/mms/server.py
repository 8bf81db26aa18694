"""AWS's multi-model-server as SageMaker starts it in a multi-model container, but without the container."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.mms.venv import mms_venv
from tests.support.ports import free_ports

START_SECONDS = 60
TOOLKIT = Path(__file__).with_name("service.py")
"""The inference toolkit's own handler."""
NOTHING: Mapping[str, str] = {}


@contextmanager
def multi_model_server(
    folder: Path,
    programs: Path | None = None,
    handler: Path = TOOLKIT,
    environment: Mapping[str, str] = NOTHING,
) -> Iterator[str]:
    """Run the server with its files in ``folder``; gives its address. By default it is that of mms_venv."""
    programs = programs or mms_venv()
    address = f"http://127.0.0.1:{free_ports(1)[0]}"  # it takes no port above 32,767
    config = folder / "mms.properties"
    config.write_text(_properties(address, handler))
    command = [str(programs / "multi-model-server"), "--start", "--foreground"]
    command += ["--mms-config", str(config), "--model-store", "/"]
    own = {"TEMP": str(folder), "TMPDIR": str(folder), "SAGEMAKER_MULTI_MODEL": "true", **environment}
    with (folder / "mms.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **own}, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_until_ready(address, process)
            yield address
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with its Java process and the workers
            process.wait()


def _properties(address: str, handler: Path) -> str:
    """The toolkit's settings for multi-model containers, with this handler and one address for all."""
    return "\n".join(
        (
            *("enable_envvars_config=true", "decode_input_request=false", "model_store=/"),
            *(f"inference_address={address}", f"management_address={address}"),
            f"default_service_handler={handler}:handle",
            *("default_workers_per_model=1", "async_logging=true"),
        )
    )


def _wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(f"{address}/ping").raise_for_status()
            return
        except httpx.HTTPError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("multi-model-server did not start; see mms.log") from error
            time.sleep(0.2)
