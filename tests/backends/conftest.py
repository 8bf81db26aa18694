from collections.abc import Iterator

import pytest

from tests.support.aws_stub import AwsStub, aws_stub


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStub]:
    with aws_stub(monkeypatch) as server:
        yield server
