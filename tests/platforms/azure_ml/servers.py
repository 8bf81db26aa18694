"""Microsoft's inference server as it runs in the container of a deployment."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.platforms.processes import running
from tests.platforms.sample import SampleModel
from tests.platforms.venvs import platform_venv
from tests.support.ports import free_ports

HERE = Path(__file__).parent
VERSION = "1.5.1"


@contextmanager
def inference_server(
    script: str, sample: SampleModel, folder: Path, settings: Mapping[str, str]
) -> Iterator[str]:
    """Run the server with ``script`` and the sample's booster; gives its address.

    Its own command binds every interface, so gunicorn is started the way that command does it.
    """
    address = f"127.0.0.1:{free_ports(1)[0]}"
    programs = platform_venv("azure_ml")
    command: list[str | Path] = [programs / "gunicorn", "-b", address, "--no-control-socket"]
    command += ["--timeout", "60", "azureml_inference_server_http.server.entry:app"]
    env = {
        "AML_APP_ROOT": str(HERE),
        "AZUREML_ENTRY_SCRIPT": script,
        "AZUREML_MODEL_DIR": str(sample.booster.parent),
        "FEATURES": ",".join(sample.features),
        "OMP_NUM_THREADS": "1",
        **settings,
    }
    folder.mkdir()
    with running(command, folder=folder, ready=f"http://{address}/", env=env):
        yield f"http://{address}"
