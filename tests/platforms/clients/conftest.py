"""The service with a live model and a thousand records, on a port of its own."""

import asyncio
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from pydantic import JsonValue

from app.core.settings import Settings
from app.main import create_app
from tests.support.aws_stub import AwsStub
from tests.support.orders import answer_ten_times, register, store
from tests.support.server import serving
from tests.support.use_case import TRANSIT

HERE = Path(__file__).parent
RECORDS: Mapping[str, float] = {f"record-{number}": number / 8 for number in range(1000)}
"""Ratios by id; the model answers ten times that."""
PREDICTIONS = [round(10 * ratio, 1) for ratio in RECORDS.values()]
Ask = Callable[[Path, str], dict[str, JsonValue]]


@pytest.fixture
def service(settings: Settings, aws: AwsStub) -> Iterator[str]:
    aws.respond = answer_ten_times
    with serving(create_app(settings, TRANSIT), settings) as address:
        asyncio.run(_fill(address))
        yield address


async def _fill(address: str) -> None:
    async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as client:
        await register(client)
        await store(client, {**RECORDS})


@pytest.fixture
def asking(service: str) -> Ask:
    """Runs one of the scripts here by a venv's Python, with all ids; gives what it prints."""

    def ask(python: Path, script: str) -> dict[str, JsonValue]:
        done = subprocess.run(
            [python, HERE / script, service, "transit"],
            input=json.dumps([*RECORDS]),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told: dict[str, JsonValue] = json.loads(done.stdout)
        return told

    return ask
