"""Of thousands a page shows the first, and where the others are."""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.signals.answered import note_as
from app.services.runtime import Runtime
from tests.support.aws_stub import AwsStub
from tests.support.html import page_of
from tests.support.orders import answer_ten_times, prepare

MODELS = """
    with made as (
        insert into models (name) select 'm' || number from generate_series(1, 60) number returning id
    )
    insert into model_versions (model_id, version, backend, options, features)
    select id, cast(version as text), 'sagemaker', '{}', '{}' from made, generate_series(1, 10) version
"""
LIVE = """
    update models set live_version_id = version.id from model_versions version
    where version.model_id = models.id and version.version = '5'
"""


@pytest.fixture(autouse=True)
async def _stored(app: FastAPI, aws: AwsStub) -> None:
    """600 versions beside that of the model `transit`."""
    aws.respond = answer_ten_times
    runtime: Runtime = app.state.runtime
    await prepare(runtime.predictor)
    async with runtime.sessions.begin() as session:
        for statement in (MODELS, LIVE):
            await session.execute(text(statement))


@pytest.mark.parametrize("path", ["/dashboard/records/a", "/dashboard/jobs"])
async def test_of_many_versions_the_first_are_offered(client: httpx.AsyncClient, path: str) -> None:
    shown = page_of(await client.get(path))
    offered = [value for value in shown.all("option", "value") if value.startswith("m")]
    assert offered[:4] == ["m1", "m1/5", "m1/10", "m1/9"]
    assert len([value for value in offered if "/" in value]) == 500
    assert "choices" in shown.all("input", "list")  # any other can be typed


async def test_of_many_models_the_overview_says_how_many_more(client: httpx.AsyncClient) -> None:
    for number in range(1, 61):
        note_as("request", f"m{number}", "5", "HIT", 0.001, number)
    shown = page_of(await client.get("/"))
    assert len([href for href in shown.all("a", "href") if href.startswith("/dashboard/models/m")]) == 50
    assert "11 more are in the list of models" in shown.text
    assert "60 answers of m60 5 had no price" in shown.text
    assert "of m50 5" not in shown.text
    assert "50 more versions are in the data" in shown.text
