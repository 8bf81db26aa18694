"""Workers that notice sooner."""

from datetime import timedelta

import pytest

from app.services import worker
from app.services.worker import tasks


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL", timedelta(seconds=0.3))
    monkeypatch.setattr(tasks, "FIRST_DELAY", timedelta(seconds=0.1))
