"""A service whose platform is away, and that has no worker unless one is started."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.browser.places import ROOT, Place, without_anything
from tests.support.orders import FEATURES, order
from tests.support.ports import free_ports

RECORDS = ("r1", "r2", "r3")


def variables() -> dict[str, str]:
    """Of an AWS that nobody is at."""
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    return {
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": nobody,
        "AWS_ENDPOINT_URL_SAGEMAKER": nobody,
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nobody",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "NO_PROXY": "127.0.0.1",
    }


@contextmanager
def without_its_platform(log: Path) -> Iterator[Place]:
    """With the model `transit` and three records."""
    with without_anything(log, **variables()) as place:
        headers = {"Authorization": f"Bearer {place.keys['admin']}"}
        version = {
            "version": "1",
            "backend": "sagemaker",
            "options": {"endpoint_name": "transit"},
            "features": FEATURES,
            "promote": True,
            "probe": False,
        }
        with httpx.Client(base_url=place.url, headers=headers, timeout=60) as api:
            items = [{"id": record_id, "input": order()} for record_id in RECORDS]
            for path, body in (("/models/transit/versions", version), ("/records", items)):
                answer = api.post(path, json=body)
                assert answer.is_success, answer.text
        yield place


@contextmanager
def working(place: Place, log: Path) -> Iterator[None]:
    """A worker, until the end of the block."""
    base = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "USE_CASE")}
    url = place.settings.database_url.get_secret_value()
    with log.open("a") as stderr:
        worker = subprocess.Popen(
            [sys.executable, "-m", "app", "worker"],
            cwd=ROOT,
            env=base | variables() | {"DATABASE_URL": url},
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(60)
