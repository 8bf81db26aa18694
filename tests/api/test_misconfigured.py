"""A live version that the present code or settings cannot serve: named in answers, readiness and the log."""

import httpx
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.core.settings import Settings
from app.db.engine import Sessions
from app.main import create_app
from app.services.upkeep import health
from tests.support.app import client_of, running_app
from tests.support.aws_stub import AwsStub
from tests.support.eventually import until
from tests.support.orders import answer_ten_times, invocations, register, store
from tests.support.use_case import changed

MONTHS = changed(FEATURES=("month",), preprocess=lambda items: [[item.scheduled_at.month] for item in items])
"""preprocess.py after an edit that dropped the feature of the live version; its fingerprint is pinned."""
SAID = (
    "Version '1' of model 'transit' takes recent_transit_ratio, which preprocess.FEATURES lacks: "
    "it has month."
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "transit"})


@pytest.fixture(autouse=True)
async def _served(settings: Settings, aws: AwsStub) -> None:
    """A live version, the records a and b, and a prediction of a."""
    aws.respond = answer_ten_times
    async with running_app(settings) as app, client_of(app) as client:
        await register(client)
        await store(client, {"a": 1.5, "b": 2.5})
        assert (await client.post("/predict/a")).json()["prediction"] == 15.0
    aws.requests.clear()


async def test_a_version_whose_features_are_gone_is_named_in_answers(
    settings: Settings, aws: AwsStub
) -> None:
    async with running_app(settings, MONTHS) as app, client_of(app) as client:
        one = await client.post("/predict/b")
        assert (one.status_code, one.json()["type"].rpartition(":")[2]) == (500, "misconfigured")
        assert one.json()["detail"] == SAID
        many = await client.post("/predict", json={"record_ids": ["a", "b"]})
        assert (many.status_code, many.json()["detail"]) == (500, SAID)
        stored = await client.post("/predict/a")  # what is kept is still answered
        assert (stored.status_code, stored.headers["x-cache"]) == (200, "HIT")
    assert invocations(aws) == []


async def test_it_is_in_readiness_and_in_the_log_at_start(settings: Settings) -> None:
    app = create_app(settings, MONTHS)
    with capture_logs() as logs:
        async with app.router.lifespan_context(app), client_of(app) as client:
            await until(lambda: any(entry["log_level"] == "error" for entry in logs))
            ready = await client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["parts"]["versions"] == {"status": "unavailable", "reason": SAID}
    (said,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert (said["event"], said["model"], said["reason"]) == (
        "a live version cannot be used",
        "transit",
        SAID,
    )


async def test_of_several_one_is_named_and_the_others_counted(
    client: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "KEPT", 0)
    for model in ("m1", "m2"):
        body = {"version": "1", "backend": "sagemaker", "options": {"endpoint_name": "e"}, "promote": True}
        assert (await client.post(f"/models/{model}/versions", json=body | {"probe": False})).is_success
    async with running_app(settings, MONTHS) as app, client_of(app) as other:
        reason = (await other.get("/health/ready")).json()["parts"]["versions"]["reason"]
    assert reason.startswith("Version '1' of model 'm1' takes origin_lat, ")
    assert reason.endswith(" And 2 more.")


async def test_a_version_of_a_backend_that_is_gone(settings: Settings, sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(text("update model_versions set backend = 'gone'"))
    async with running_app(settings) as app, client_of(app) as client:
        answer = await client.post("/predict/b")
        ready = (await client.get("/health/ready")).json()
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (500, "misconfigured")
    assert answer.json()["detail"].startswith(
        "Version '1' of model 'transit' can no longer be used. backend: must be one of: azure_ml, "
    )
    assert ready["status"] == "degraded"
    assert "can no longer be used" in ready["parts"]["platform"]["reason"]


@pytest.mark.parametrize(
    ("features", "field", "said"),
    [
        (["month", "weekday", "month"], "features[2]", "names 'month' twice"),
        ([], "features", "List should have at least 1 item"),
    ],
)
async def test_features_that_make_no_row_are_refused(
    client: httpx.AsyncClient, features: list[str], field: str, said: str
) -> None:
    body = {
        "version": "2",
        "backend": "sagemaker",
        "options": {"endpoint_name": "e"},
        "features": features,
    }
    answer = await client.post("/models/transit/versions", json=body)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["field"] == field
    assert fault["message"].startswith(said)
