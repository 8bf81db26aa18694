"""One application for all requests that are refused: they change nothing, which is checked after each."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import text

from app.db.tables import Base
from tests.conftest import settings_for
from tests.support.app import client_of, running_app
from tests.support.aws_stub import aws_stub
from tests.support.judged_orders import evaluate, store_judged_orders
from tests.support.orders import answer_ten_times, prepare
from tests.support.postgres import MigratedServer

A_LONG_TIME = 86_400
"""Seconds between two looks at the platform: what one finds would be taken for the doing of a request."""


@pytest.fixture(scope="session")
def lasting_database(postgres_server: MigratedServer) -> Iterator[str]:
    with postgres_server.clone() as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def app(lasting_database: str, pooler_port: int | None) -> AsyncIterator[FastAPI]:
    """The application, with a live model, orders with truths, and a finished evaluation of them."""
    settings = settings_for(lasting_database, pooler_port).model_copy(
        update={"revision_refresh": A_LONG_TIME}
    )
    async with running_app(settings) as app:
        with pytest.MonkeyPatch.context() as environment, aws_stub(environment) as aws:
            aws.respond = answer_ten_times
            await prepare(app.state.runtime.predictor)
            await store_judged_orders(app.state.runtime.database.transactions)
            await evaluate(app.state.runtime)
        yield app


@pytest_asyncio.fixture(loop_scope="session")
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    before = await _content(app)
    async with client_of(app) as client:
        yield client
    assert await _content(app) == before, "a refused request left something"


NOTED_LATER = "answer_tallies"
"""What was told, errors too, is noted there by the clock, some seconds after."""


async def _content(app: FastAPI) -> list[str | None]:
    """A digest of each table."""
    digest = "select md5(string_agg(t::text, ',' order by t::text))"
    digests = " union all ".join(
        f"{digest} from {name} t" for name in Base.metadata.tables if name != NOTED_LATER
    )
    async with app.state.runtime.database.transactions() as session:
        return [*await session.scalars(text(digests))]
