import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.backends import registry
from app.core.settings import Settings
from app.main import create_app
from app.schemas.models import NewVersion
from app.services.models import versions
from app.services.predictions.predictor import Predictor
from tests.support import fake_backend
from tests.support.aws_stub import AwsStub
from tests.support.eventually import until
from tests.support.fake_backend import FakeBackend
from tests.support.orders import answer_ten_times, prepare
from tests.support.use_case import TRANSIT


async def test_a_live_version_that_cannot_be_used_is_told_at_start(settings: Settings, aws: AwsStub) -> None:
    aws.respond = answer_ten_times
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        predictor: Predictor = app.state.runtime.predictor
        await prepare(predictor)
        async with app.state.runtime.database.engine.begin() as connection:
            options = {"options": """{"url": "https://no.longer.allowed"}"""}
            await connection.execute(
                text("update model_versions set backend = 'mlflow', options = :options"), options
            )
    asked = len(aws.requests)
    app = create_app(settings)
    with capture_logs() as logs:
        async with app.router.lifespan_context(app):
            await until(lambda: any(entry["log_level"] == "error" for entry in logs))
    (entry,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert (entry["event"], entry["model"]) == ("a live version cannot be used", "transit")
    assert "BACKEND_HOSTS must list no.longer.allowed" in entry["reason"]
    assert len(aws.requests) == asked


async def test_live_versions_that_can_be_used_are_open_and_silent(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.BACKENDS, "fake", fake_backend.__name__)
    monkeypatch.setattr(FakeBackend, "made", opened := list[FakeBackend]())
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        for number in (1, 2):
            new = NewVersion(
                version=f"{number}", backend="fake", options={"name": f"v{number}"}, promote=number == 1
            )
            await versions.register(
                app.state.runtime.database.transactions, TRANSIT, app.state.runtime.inference, "transit", new
            )
    opened.clear()
    app = create_app(settings)
    with capture_logs() as logs:
        async with app.router.lifespan_context(app):
            await until(lambda: bool(opened))
    assert [(backend.name, backend.closed) for backend in opened] == [("v1", True)]
    assert not [entry for entry in logs if entry["log_level"] in ("warning", "error")]
