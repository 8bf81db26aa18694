"""Tokens: fetched once, shared, renewed; refusals kept; what is in the environment."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.backends.http.auth import EARLY, REFUSAL_KEPT, Renewed, Token, from_environment
from app.core.errors import BackendDown, BackendRefused


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def renewed(fetch: Callable[[], Awaitable[Token]], clock: Clock) -> Renewed:
    return Renewed(fetch, now=clock, elapsed=clock)


@pytest.mark.parametrize(("life", "early"), [(3600, EARLY), (2 * EARLY, EARLY), (2, 1)])
async def test_a_token_is_fetched_once_and_renewed_before_its_end(life: float, early: float) -> None:
    clock, fetched = Clock(), list[Token]()

    async def fetch() -> Token:
        await asyncio.sleep(0)
        fetched.append(Token(f"token-{len(fetched)}", clock.now + life))
        return fetched[-1]

    auth = renewed(fetch, clock)
    assert await auth.headers() == {"Authorization": "Bearer token-0"}
    clock.now += life - early - 0.001
    assert await auth.headers() == {"Authorization": "Bearer token-0"}
    clock.now += 0.001
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
        await asyncio.sleep(0)
        raise BackendRefused("wrong secret") if logins > 1 else BackendDown("away")

    clock = Clock()
    auth = renewed(fetch, clock)
    first = await asyncio.gather(*(auth.headers() for _ in range(32)), return_exceptions=True)
    assert {type(error) for error in first} == {BackendDown}
    assert logins == 1
    for _ in range(3):
        later = await asyncio.gather(*(auth.headers() for _ in range(32)), return_exceptions=True)
        assert {(type(error), str(error)) for error in later} == {(BackendRefused, "wrong secret")}
        assert logins == 2
        clock.now += REFUSAL_KEPT / 3 - 0.001
    clock.now += 0.004
    with pytest.raises(BackendRefused):
        await auth.headers()
    assert logins == 3


async def test_a_caller_who_gives_up_stops_nobody_else() -> None:
    clock, go_on, logins = Clock(), asyncio.Event(), 0

    async def fetch() -> Token:
        nonlocal logins
        logins += 1
        await go_on.wait()
        return Token("t", clock.now + 3600)

    auth = renewed(fetch, clock)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await auth.headers()
    go_on.set()
    assert await auth.headers() == {"Authorization": "Bearer t"}
    assert logins == 1


async def test_a_token_that_ends_soon_is_still_used_and_the_same_one_again_is_no_other() -> None:
    clock, logins = Clock(), 0

    async def fetch() -> Token:
        nonlocal logins
        logins += 1
        return Token("t", clock.now + 30)

    auth = renewed(fetch, clock)
    for _ in range(5):
        first = await auth.headers()
    for _ in range(5):
        with pytest.raises(BackendRefused, match="only one"):
            await auth.headers(first)
    assert logins == 2


async def test_a_token_that_cannot_be_sent_is_refused() -> None:
    clock = Clock()

    async def fetch() -> Token:
        return Token("a\nb", clock.now + 3600)

    with pytest.raises(BackendRefused, match="printable ASCII"):
        await renewed(fetch, clock).headers()


@pytest.mark.parametrize("value", ["", " ", "a\nb", "tökén"])
def test_a_secret_that_cannot_be_sent_names_its_variable(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MLFLOW_TOKEN", value)
    with pytest.raises(BackendRefused, match="MLFLOW_TOKEN") as caught:
        from_environment("MLFLOW_TOKEN")
    assert not value.strip() or value not in caught.value.detail
