"""5,000 artifacts below a prefix as versions of 500 models. ``python -m benchmarks.importing_models``.

The command is run as anybody runs it, a process each time. Postgres, an S3 server, and the endpoint with its
control plane share the machine with it. Needs the requirements of requirements-s3.txt.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import boto3
from botocore.config import Config
from pydantic import SecretStr

from app.core.logging import configure_logging
from app.core.settings import Settings
from app.db import migrate
from app.local import postgres
from app.local.demo_place import adopt, environment
from app.local.endpoint_process import running_endpoint
from app.local.s3 import local_s3
from tests.support.demo import ROOT, demo_folder
from tests.support.settings import IsolatedSettings

MODELS, VERSIONS = 500, 10
MOST_SECONDS = 60
WRITERS = 16
BUCKET = "artifacts"


def main() -> None:
    with demo_folder() as folder, ExitStack() as stack:
        folder.mkdir()
        variables = _start(folder, stack)
        for options in (["--dry-run"], [], ["--promote"], ["--promote"]):
            began, before = time.monotonic(), _cpu()
            said = _import(variables, *options)
            seconds, cpu = time.monotonic() - began, _cpu() - before
            counts = {
                name: said[name] for name in ("objects", "models", "registered", "unchanged", "promoted")
            }
            print(f"{' '.join(options) or 'registered':12}{seconds:6.1f} s, {cpu:.1f} s of CPU: {counts}")
            if seconds > MOST_SECONDS:
                raise SystemExit(f"More than {MOST_SECONDS} s.")


def _start(folder: Path, stack: ExitStack) -> Mapping[str, str]:
    database_url = stack.enter_context(postgres.start(folder / "postgres")).owner_url()
    settings: Settings = IsolatedSettings(database_url=SecretStr(database_url), log_level="WARNING")
    configure_logging(settings)
    asyncio.run(migrate.upgrade(settings))
    (folder / "s3").mkdir()
    s3 = stack.enter_context(local_s3(folder / "s3").running())
    adopt(s3.environment)
    _write_artifacts()
    endpoint_url = stack.enter_context(running_endpoint("many", f"s3://{BUCKET}/models", folder / "cache"))
    return {**environment(database_url, endpoint_url), **s3.environment}


def _write_artifacts() -> None:
    """Of each model one version a second apart from the others: the newest is the last written."""
    client = boto3.Session().client("s3", config=Config(max_pool_connections=WRITERS))
    client.create_bucket(Bucket=BUCKET)
    with ThreadPoolExecutor(WRITERS) as writers:
        for version in range(VERSIONS):
            began = int(time.time())
            keys = [f"models/store-{model}/{VERSIONS - version}.tar.gz" for model in range(MODELS)]
            [*writers.map(lambda key: client.put_object(Bucket=BUCKET, Key=key, Body=key.encode()), keys)]
            while int(time.time()) == began:
                time.sleep(0.05)


def _import(variables: Mapping[str, str], *options: str) -> dict[str, object]:
    command = [sys.executable, "-m", "app", "models", "import", f"s3://{BUCKET}/models"]
    command += ["--pattern", "{model}/{version}.tar.gz", "--options", '{"endpoint_name": "many"}', "--json"]
    done = subprocess.run(
        [*command, *options], env=os.environ | variables, cwd=ROOT, check=True, capture_output=True
    )
    said: dict[str, object] = json.loads(done.stdout)
    return said


def _cpu() -> float:
    """Of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
