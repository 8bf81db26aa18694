from pathlib import Path

import pytest

from tests.support.aws import Serve
from tests.support.deploying import DeployingAccount, HeldPauses


@pytest.fixture
def pauses() -> HeldPauses:
    """Those between the steps of a roll-out, and of cold starts."""
    return HeldPauses()


@pytest.fixture
def account(artifacts: Path, serve: Serve, pauses: HeldPauses) -> DeployingAccount:
    return DeployingAccount(serve(pause=pauses), artifacts)
