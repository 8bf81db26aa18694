"""Tokens: fetched once, shared, renewed; refusals kept; what is in the environment."""

import asyncio
import time

import pytest

from app.backends.http.auth import Renewed, Token, from_environment
from app.core.errors import BackendDown, BackendRefused


async def test_a_token_is_fetched_once_and_renewed_before_its_end() -> None:
    lives = iter([2.0, 3600.0, 3600.0])
    fetched: list[Token] = []

    async def fetch() -> Token:
        await asyncio.sleep(0.05)
        fetched.append(Token(f"token-{len(fetched)}", time.time() + next(lives)))
        return fetched[-1]

    auth = Renewed(fetch)
    seen = [await auth.headers() for _ in range(2)]
    assert seen == [{"Authorization": "Bearer token-0"}] * 2
    await asyncio.sleep(1.1)
    seen = await asyncio.gather(*(auth.headers() for _ in range(8)))
    assert seen == [{"Authorization": "Bearer token-1"}] * 8
    seen = await asyncio.gather(*(auth.headers(seen[0]) for _ in range(8)))
    assert seen == [{"Authorization": "Bearer token-2"}] * 8
    assert "token-" not in repr(fetched)


async def test_a_failed_fetch_is_shared_and_a_refusal_kept_for_a_while() -> None:
    logins = 0

    async def fetch() -> Token:
        nonlocal logins
        logins += 1
        await asyncio.sleep(0.05)
        raise BackendRefused("wrong secret") if logins == 2 else BackendDown("away")

    auth = Renewed(fetch)
    first = await asyncio.gather(*(auth.headers() for _ in range(32)), return_exceptions=True)
    assert {type(error) for error in first} == {BackendDown}
    assert logins == 1
    for _ in range(3):
        later = await asyncio.gather(*(auth.headers() for _ in range(32)), return_exceptions=True)
        assert {(type(error), str(error)) for error in later} == {(BackendRefused, "wrong secret")}
    assert logins == 2


async def test_a_caller_who_gives_up_stops_nobody_else() -> None:
    logins = 0

    async def fetch() -> Token:
        nonlocal logins
        logins += 1
        await asyncio.sleep(0.3)
        return Token("t", time.time() + 3600)

    auth = Renewed(fetch)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await auth.headers()
    assert await auth.headers() == {"Authorization": "Bearer t"}
    assert logins == 1


async def test_a_token_that_ends_soon_is_still_used_and_the_same_one_again_is_no_other() -> None:
    logins = 0

    async def fetch() -> Token:
        nonlocal logins
        logins += 1
        return Token("t", time.time() + 30)

    auth = Renewed(fetch)
    for _ in range(5):
        first = await auth.headers()
    for _ in range(5):
        with pytest.raises(BackendRefused, match="only one"):
            await auth.headers(first)
    assert logins == 2


async def test_a_token_that_cannot_be_sent_is_refused() -> None:
    async def fetch() -> Token:
        return Token("a\nb", time.time() + 3600)

    with pytest.raises(BackendRefused, match="printable ASCII"):
        await Renewed(fetch).headers()


@pytest.mark.parametrize("value", ["", " ", "a\nb", "tökén"])
def test_a_secret_that_cannot_be_sent_names_its_variable(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MLFLOW_TOKEN", value)
    with pytest.raises(BackendRefused, match="MLFLOW_TOKEN") as caught:
        from_environment("MLFLOW_TOKEN")
    assert not value.strip() or value not in caught.value.detail
