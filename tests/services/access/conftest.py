"""A local issuer, and what takes its tokens."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.services.access.tokens import Tokens
from tests.support.oidc import LocalIssuer, local_issuer, tokens_of


@pytest.fixture
def local() -> Iterator[LocalIssuer]:
    with local_issuer() as issuer:
        yield issuer


@pytest.fixture
async def taken(local: LocalIssuer) -> AsyncIterator[Tokens]:
    opened = tokens_of(local)
    yield opened
    await opened.aclose()
