"""docs/your-own-model.md, done block by block in a copy of the project; AWS is moto and a local endpoint."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from app.local.endpoint_process import running_endpoint
from tests.support.copies import copy_of_the_project, replace_the_four_files
from tests.support.demo import ROOT, demo_folder, running_demo
from tests.support.pages import Block, blocks_of, lacking
from tests.support.transform import moto_server

BLOCKS = blocks_of((ROOT / "docs" / "your-own-model.md").read_text())
ON_AWS = "The same on AWS"
ADDRESS = "http://127.0.0.1:8000"
TERMINAL = {"TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "0", "COLUMNS": "80", "TERM": "dumb"}
"""What makes tables as they are in a terminal of the usual width."""
MAKE = [
    # Nothing is installed: these count as done.
    *("make", "-o", ".venv/.demo-installed", "-o", ".venv/.dev-installed"),
    f"BIN={Path(sys.executable).parent}",
]


@pytest.fixture
def tree() -> Iterator[Path]:
    """The project as it is cloned, where Postgres' account can enter."""
    with demo_folder() as folder:
        tree = copy_of_the_project(folder.parent)
        replace_the_four_files(tree, "transit")
        (tree / ".env").unlink(missing_ok=True)
        shutil.rmtree(tree / "models", ignore_errors=True)
        yield tree


@pytest.mark.timeout(900)  # two dozen commands
def test_the_page_can_be_followed(tree: Path) -> None:
    local = [block for block in BLOCKS if block.section != ON_AWS]
    on_aws = [block for block in BLOCKS if block.section == ON_AWS]
    started = next(index for index, block in enumerate(local) if block.text.startswith("make dev "))
    entered = local[started + 1].text
    follow(local[:started], tree, {})
    with running_dev(local[started], tree) as address:
        follow(local[started + 1 :], tree, {}, enter=entered, address=address)
        with aws(tree) as variables:
            follow(on_aws, tree, variables, enter=on_aws[1].text)


def test_a_line_that_is_not_said_is_noticed() -> None:
    said = "one\t0.561275\t\t2.0\nMD5 0a1b, done\n"
    assert lacking("one  0.5613  2\nMD5 ..., done\n", said) is None
    assert lacking("MD5 ..., done\none 0.5613 2\n", said) == "one 0.5613 2"  # in this order
    assert lacking("one 0.5614 2", said) == "one 0.5614 2"


@contextmanager
def running_dev(block: Block, tree: Path) -> Iterator[str]:
    """What the first shell does; gives the address."""
    command = [*MAKE, *shlex.split(block.text)[1:]]
    with running_demo(tree, command, tree, {**environment(tree), "PORT": "0"}) as dev:
        expect(block, dev.output, dev.url)
        yield dev.url


def follow(
    blocks: Sequence[Block], tree: Path, variables: Mapping[str, str], *, enter: str = "", address: str = ""
) -> None:
    """Do the blocks, each in a shell of its own that begins with ``enter``."""
    for block in blocks:
        if block.language == "bash":
            expect(block, _run(block, tree, variables, enter, address), address)
        else:
            _keep(block, tree)


def _run(block: Block, tree: Path, variables: Mapping[str, str], enter: str, address: str) -> str:
    prelude = f'make() {{ command {shlex.join(MAKE)} "$@"; }}\n{enter}'
    script = block.text.replace(ADDRESS, address).replace(".venv/bin/python", sys.executable)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", prelude + script],
        cwd=tree,
        env={**environment(tree), **TERMINAL, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    is_error = block.said.startswith("Error: ")
    assert bool(done.returncode) == is_error, f"{block.text}\n{done.stdout}"
    return done.stdout


def _keep(block: Block, tree: Path) -> None:
    """A block of Python is a part of a file that is there, or a file to be saved."""
    first, _, code = block.text.partition("\n")
    path = tree / first.removeprefix("# ")
    if path.exists():
        assert code.strip() in path.read_text()
    else:
        path.write_text(block.text)


def expect(block: Block, said: str, address: str) -> None:
    shown = block.said.replace(ADDRESS, address)
    assert (line := lacking(shown, said)) is None, f"{block.text}\nlacks {line!r} in\n{said}"


def environment(tree: Path) -> dict[str, str]:
    """Nothing of ours: a home folder without any AWS file."""
    return {"PATH": os.environ["PATH"], "HOME": str(tree.parent), "LANG": "C.UTF-8", "NO_PROXY": "127.0.0.1"}


@contextmanager
def aws(tree: Path) -> Iterator[dict[str, str]]:
    """An account with an empty bucket; its endpoint serves what is put there, and nothing else."""
    with moto_server() as moto, pytest.MonkeyPatch.context() as patch:
        account = {
            "AWS_ENDPOINT_URL": moto,
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        for name, value in account.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="my-bucket")
        with running_endpoint("churn", "s3://my-bucket/models/", tree.parent / "cache") as runtime:
            yield account | {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": runtime}
