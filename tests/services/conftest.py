"""What tests of services share."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

import app.aws
from app.local.s3 import S3Server
from app.storage import Storage, open_storage


@pytest.fixture
async def storage(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Storage]:
    """A prefix in a new bucket on the S3 server."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    app.aws.session.cache_clear()
    storage = open_storage(f"s3://bucket-{uuid4().hex}/here")
    await storage.ensure_bucket()
    yield storage
    app.aws.session.cache_clear()
