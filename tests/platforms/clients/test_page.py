"""docs/clients.md, block by block, each by the program that it is for."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from app.core.settings import Settings
from app.db.engine import Sessions
from app.main import create_app
from app.services.access import keys
from app.services.access.keys import NewKey
from tests.platforms.venvs import platform_venv
from tests.support.aws_stub import AwsStub
from tests.support.demo import ROOT
from tests.support.orders import answer_ten_times, register
from tests.support.pages import Block, blocks_of, lacking
from tests.support.server import serving
from tests.support.use_case import TRANSIT

ADDRESS = "127.0.0.1:8000"
BLOCKS = blocks_of((ROOT / "docs" / "clients.md").read_text())
VENVS = {"A generated client": "generator", "tritonclient": "tritonclient", "KServe's client": "kserve"}


@pytest.mark.platform
@pytest.mark.timeout(900)
async def test_the_page_can_be_followed(
    settings: Settings, sessions: Sessions, aws: AwsStub, tmp_path: Path
) -> None:
    aws.respond = answer_ten_times
    assert {block.section for block in BLOCKS} == {"curl", *VENVS}
    with serving(create_app(settings, TRANSIT), settings) as address:
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            await register(client)  # there is no key yet
        key = await keys.make(sessions, NewKey("page", ["read", "predict", "write"]))
        for block in BLOCKS:
            said = await asyncio.to_thread(run, block, address, tmp_path, {"KEY": key or ""})
            assert (missing := lacking(block.said, said)) is None, f"{missing}\n{said}"


def run(block: Block, address: str, folder: Path, variables: Mapping[str, str]) -> str:
    """What it says, on both of its outputs."""
    programs = _programs(block.section)
    text = re.sub(re.escape(ADDRESS), address.removeprefix("http://"), block.text)
    command = [str(programs / "python"), "-c"] if block.language == "python" else ["bash", "-ec"]
    done = subprocess.run(
        [*command, text],
        cwd=folder,
        env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "NO_PROXY": "127.0.0.1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout, done.stdout
    return done.stdout.replace("}{", "}\n{")  # curl ends no line


def _programs(section: str) -> Path:
    """The folder of those that the section is for."""
    if section == "curl":
        return Path(sys.executable).parent
    name = VENVS[section]
    return platform_venv(name) if name == "kserve" else platform_venv(name, Path(__file__))
