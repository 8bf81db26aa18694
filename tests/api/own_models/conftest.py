"""The service of a use case whose records have models of their own."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from tests.support.app import running_app
from tests.support.aws_stub import AwsStub
from tests.support.own_models import OWN, answer_apart


@pytest.fixture
def aws(aws: AwsStub) -> AwsStub:
    aws.respond = answer_apart
    return aws


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "transit", "failure_hold": 0})


@pytest.fixture
async def app(settings: Settings, aws: AwsStub) -> AsyncIterator[FastAPI]:
    async with running_app(settings, OWN) as app:
        yield app
