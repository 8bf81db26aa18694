"""The background refresh of revisions."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from app.backends.base import Deployed
from app.core.settings import Settings
from app.main import create_app
from app.schemas.hosting.deployments import Deployment
from app.services.hosting.looks import Sighting
from app.services.inference import Inference
from app.services.models import versions
from app.services.predictions.predictor import Ask
from app.services.runtime import Runtime
from app.services.upkeep import revisions
from tests.support.aws_stub import Answer, AwsStub, Request, error, reply
from tests.support.eventually import until
from tests.support.orders import answer_ten_times, prepare

ASK = Ask(model="transit")


def deployed(config: str, request: Request) -> Answer:
    """The control plane and the runtime of an endpoint whose configuration has this name."""
    if request.operation == "DescribeEndpoint":
        return reply({"EndpointStatus": "InService", "EndpointConfigName": config})
    return answer_ten_times(request)


async def refresh(runtime: Runtime) -> None:
    """As another process looks: what this one has open is not asked."""
    inference = Inference(runtime.settings)
    await revisions.refresh(replace(runtime, inference=inference), age=0)
    await inference.aclose()


async def test_the_refresh_survives_a_database_that_is_not_migrated_yet(
    settings: Settings, aws: AwsStub
) -> None:
    app = create_app(settings.model_copy(update={"revision_refresh": 0.05}))
    aws.respond = lambda request: deployed("one", request)
    async with app.router.lifespan_context(app):
        runtime: Runtime = app.state.runtime
        await prepare(runtime.predictor)
        with capture_logs() as logs:
            await rename(app.state.runtime.database.engine, "model_versions", "elsewhere")
            await until(lambda: any(entry["event"] == "revisions not refreshed" for entry in logs))
        await rename(app.state.runtime.database.engine, "elsewhere", "model_versions")
        asked = len(aws.requests)

        def looked_again() -> bool:
            return any(request.operation == "DescribeEndpoint" for request in aws.requests[asked:])

        await until(looked_again)


async def rename(engine: AsyncEngine, table: str, name: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"alter table {table} rename to {name}"))


async def live_revision(runtime: Runtime) -> str:
    return (await versions.get(runtime.database.transactions, "transit")).versions[0].revision


async def test_a_swap_on_the_platform_makes_old_answers_stale(settings: Settings, aws: AwsStub) -> None:
    app = create_app(settings)
    aws.respond = lambda request: deployed("one", request)
    async with app.router.lifespan_context(app):
        runtime: Runtime = app.state.runtime
        await prepare(runtime.predictor)
        assert (await runtime.predictor.predict("a", ASK)).cache == "MISS"

        await refresh(runtime)
        assert (await runtime.predictor.predict("a", ASK)).cache == "HIT"

        aws.respond = lambda request: deployed("two", request)
        await refresh(runtime)
        swapped = await runtime.predictor.predict("a", ASK)
        assert swapped.cache == "MISS"
        assert "two" in swapped.revision

        aws.respond = lambda request: error("ServiceUnavailable", 503)
        await refresh(runtime)
        assert "two" in await live_revision(runtime)

        aws.respond = lambda request: deployed("one", request)
        await refresh(runtime)
        assert (await runtime.predictor.predict("a", ASK)).cache == "HIT"


async def test_the_refresh_survives_a_version_that_can_no_longer_be_opened(
    settings: Settings, aws: AwsStub
) -> None:
    app = create_app(settings)
    aws.respond = lambda request: deployed("one", request)
    async with app.router.lifespan_context(app):
        runtime: Runtime = app.state.runtime
        await prepare(runtime.predictor)
        async with app.state.runtime.database.engine.begin() as connection:
            options = """{"url": "https://no.longer.allowed"}"""
            await connection.execute(
                text("update model_versions set backend = 'mlflow', options = :options"), {"options": options}
            )
        with capture_logs() as logs:
            await refresh(runtime)
    (warning,) = [entry for entry in logs if entry["event"] == "revision unknown"]
    assert "BACKEND_HOSTS must list no.longer.allowed" in warning["detail"]


async def test_the_refresh_survives_a_backends_bug(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings)
    aws.respond = lambda request: deployed("one", request)
    async with app.router.lifespan_context(app):
        runtime: Runtime = app.state.runtime
        await prepare(runtime.predictor)

        async def broken(self: Inference, deployments: Sequence[Deployment]) -> list[Sighting]:
            raise ZeroDivisionError

        monkeypatch.setattr(Inference, "looks", broken)
        with capture_logs() as logs:
            await refresh(runtime)
    (entry,) = [entry for entry in logs if entry["event"] == "revision not refreshed"]
    assert (entry["error"], entry["log_level"]) == ("ZeroDivisionError", "error")


async def test_a_revision_that_holds_from_registration_stays(
    settings: Settings, aws: AwsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings)
    said = iter(["m 1", "m 2", "m 3"])
    aws.respond = answer_ten_times

    async def behind_alias(self: Inference, deployments: Sequence[Deployment]) -> list[Sighting]:
        return [Deployed(frozenset({next(said)}), at_registration=True)] * len(deployments)

    async with app.router.lifespan_context(app):
        runtime: Runtime = app.state.runtime
        await prepare(runtime.predictor)
        monkeypatch.setattr(Inference, "looks", behind_alias)
        for _ in range(3):
            await refresh(runtime)
            assert await live_revision(runtime) == "m 1"
