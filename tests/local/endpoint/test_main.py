import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.local.endpoint.__main__ import main
from tests.support.artifacts import write_artifact
from tests.support.aws import Aws

WAIT = 30


@contextmanager
def running(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the address it says it listens on."""
    command = [sys.executable, "-m", "app.local.endpoint", *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.kill()


def test_it_serves_says_where_and_ends_with_its_parent(tmp_path: Path) -> None:
    path = write_artifact(tmp_path / "artifacts" / "m.tar.gz")
    what = ("--endpoint", f"multi={path.parent}", "--model", f"one={path}")
    options = ("--port", 0, "--cache-dir", tmp_path / "cache", "--memory-mb", 1, "--exit-with-parent")
    with running(*what, *options) as (process, address):
        aws = Aws(address)
        assert aws.invoke("multi", TargetModel="m.tar.gz").body == "6"
        assert aws.invoke("one").body == "6"
        assert process.stdin is not None
        process.stdin.close()
        process.wait(WAIT)
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_address_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "app.local.endpoint", "--endpoint", f"multi={tmp_path}"]
        command += ["--port", str(port)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=WAIT, check=False)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert result.stderr.startswith(f"Cannot listen on 127.0.0.1:{port}: Address already in use")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "Nothing to serve: give --endpoint or --model."),
        (("--endpoint", "multi"), "'multi' must be NAME=WHERE"),
        (("--model", "one=no-file"), "endpoint 'one': there is no 'no-file'"),
        (("--endpoint", "bad_name=."), "'bad_name' must be 1 to 63 letters, digits and inner hyphens"),
    ],
)
def test_what_cannot_be_served_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], line: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["endpoint", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == line
