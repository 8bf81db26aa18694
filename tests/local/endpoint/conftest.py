from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypedDict, Unpack

import pytest

from app.local.endpoint.app import create_app
from app.local.endpoint.config import Endpoint, EndpointConfig, Pause
from app.local.s3 import S3Server
from tests.local.endpoint import spy
from tests.support.aws import Aws, Serve
from tests.support.server import serving


class Limits(TypedDict, total=False):
    """EndpointConfig's."""

    memory_bytes: int
    load_seconds: float
    invocation_seconds: float
    max_body_bytes: int
    cold_start_seconds: float
    pause: Pause


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """The folder of the endpoint ``multi``."""
    folder = tmp_path / "artifacts"
    folder.mkdir()
    return folder


@pytest.fixture
def serve(artifacts: Path, tmp_path: Path) -> Iterator[Serve]:
    """Serves the endpoint ``multi`` and those given; keywords are EndpointConfig's."""
    spy.reset()
    with ExitStack() as stack:

        def start(*endpoints: Endpoint, **limits: Unpack[Limits]) -> Aws:
            every = (Endpoint("multi", str(artifacts)), *endpoints)
            app = create_app(EndpointConfig(every, tmp_path / "cache", **limits))
            return Aws(stack.enter_context(serving(app)))

        yield start
        spy.gate.set()  # nothing may wait for a test that has failed


@pytest.fixture(scope="session")
def s3(server: S3Server) -> S3Server:
    return server
