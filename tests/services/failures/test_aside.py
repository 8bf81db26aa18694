"""Code of the user's beside predictions: a caller over HTTP is not kept for as long as a worker waits."""

import threading
from typing import Annotated

import pytest
from pydantic import BeforeValidator

from app.core.settings import Settings
from app.services.failures import user_code
from tests.support.app import client_of, running_app
from tests.support.orders import order
from tests.support.use_case import changed


async def test_a_label_whose_check_never_ends_is_answered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_code, "OF_REQUESTS", 0.3)
    end = threading.Event()
    hangs = changed(Label=Annotated[float, BeforeValidator(lambda _: end.wait())])
    async with running_app(settings, hangs) as app, client_of(app) as client:
        await client.put("/records/a", json=order())
        answer = await client.put("/records/a/label", json={"value": 1})
        end.set()
    assert answer.status_code == 500
    assert answer.json()["detail"] == "The pipeline's code had not ended after 0.3 seconds."
