"""A service that lacks nothing: a model that answers, a storage, records."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import boto3
import httpx
from pydantic import SecretStr

from app.db.engine import create_engine, create_sessions
from app.local.s3 import S3Server
from app.services.access import keys
from app.services.access.keys import NewKey
from tests.support.aws_stub import aws_environment
from tests.support.demo import ROOT
from tests.support.eventually import TIMEOUT
from tests.support.generated.model import answer_anything
from tests.support.http_stub import http_stub
from tests.support.orders import register, store
from tests.support.service import running_service
from tests.support.settings import IsolatedSettings

RECORDS: dict[str, float | None] = {f"r{number}": number / 10 for number in range(20)}


@dataclass(frozen=True)
class Target:
    """Where a service is, and a key with which all of it may be asked."""

    url: str
    key: str


@contextmanager
def whole_service(database_url: str, storage: S3Server, folder: Path, **broken: str) -> Iterator[Target]:
    """``storage`` gets a bucket for it; ``broken`` are settings that spoil it."""
    with http_stub() as model:
        model.respond = answer_anything
        variables = {
            **{"DATABASE_URL": database_url, "DEFAULT_MODEL": "transit", "LOG_LEVEL": "WARNING"},
            **aws_environment(model.url),
            **storage.environment,
            "STORAGE_URL": _bucket(storage),
            **broken,
        }
        with running_service(ROOT, variables, folder / "service.log") as service:
            asyncio.run(_fill(service.url))
            yield Target(service.url, asyncio.run(_key(database_url)))


def _bucket(storage: S3Server) -> str:
    name = f"bucket-{uuid4().hex}"
    session = boto3.Session(storage.access_key, storage.secret_key, region_name="us-east-1")
    session.client("s3", endpoint_url=storage.endpoint_url).create_bucket(Bucket=name)
    return f"s3://{name}"


async def _key(database_url: str) -> str:
    engine = create_engine(IsolatedSettings(database_url=SecretStr(database_url)))
    key = await keys.make(create_sessions(engine), NewKey("all", ["admin"]))
    await engine.dispose()
    assert key is not None
    return key


async def _fill(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT) as client:
        await register(client)
        await store(client, RECORDS)
        await client.put("/records/r1/label", json={"value": 1.5})
