"""What the browser walks through: the demo in processes of its own, and a service on an empty database."""

import asyncio
import os
import shlex
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr
from sqlalchemy import text

from app.core.settings import Settings
from app.db.engine import Sessions, open_database
from app.schemas.access.callers import KeyScope
from app.services.access import keys
from app.services.access.keys import NewKey
from tests.support.demo import demo_folder, running_demo
from tests.support.postgres import migrated_server
from tests.support.service import running_service
from tests.support.settings import IsolatedSettings

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
IMAGES = Path(os.environ.get("IMAGES", ROOT / ".pytest_cache" / "images"))
"""Where screenshots go: into docs/images by `make test-browser` alone."""


def browser_program() -> str | None:
    """The browser that CHROMIUM names, or the first that is on the PATH."""
    named = os.environ.get("CHROMIUM")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)


class Place:
    """A running service: its ``url``, its ``settings``, and the ``keys`` that were made for it, by name."""

    def __init__(self, url: str, database_url: str) -> None:
        self.url = url
        self.settings: Settings = IsolatedSettings(database_url=SecretStr(database_url))
        self.keys: dict[str, str] = {}

    def make_key(self, name: str, *scopes: KeyScope) -> str:
        """A key of this name, made as the command makes one."""
        if name not in self.keys:
            new = NewKey(name, scopes, timedelta(days=1))
            self.keys[name] = self._ask(lambda sessions: keys.make(sessions, new)) or ""
        return self.keys[name]

    def revoke(self, name: str) -> None:
        self._ask(lambda sessions: keys.revoke(sessions, name))

    def expire(self, name: str) -> None:
        ended = text("update api_keys set expires_at = now() - interval '1 s' where name = :name")

        async def expire(sessions: Sessions) -> None:
            async with sessions.begin() as session:
                await session.execute(ended, {"name": name})

        self._ask(expire)

    def _ask(self, work: Callable[[Sessions], Awaitable[T]]) -> T:
        """In a thread of its own: Playwright has an event loop in this one."""

        async def asked() -> T:
            database = open_database(self.settings)
            try:
                return await work(database.transactions)
            finally:
                await database.aclose()

        with ThreadPoolExecutor(1) as aside:
            return aside.submit(asyncio.run, asked()).result()


@contextmanager
def sample() -> Iterator[Place]:
    """The demo, with a key for everything."""
    with demo_folder() as folder, running_demo(folder) as demo:
        place = Place(demo.url, _variables(folder / "demo.env")["DATABASE_URL"])
        place.make_key("admin", "admin")
        yield place


@contextmanager
def without_anything(log: Path, **variables: str) -> Iterator[Place]:
    """A service on a migrated database with nothing in it, but for a key, and without a worker."""
    with (
        _in_a_thread(_fresh_database()) as url,
        running_service(ROOT, {"DATABASE_URL": url, **variables}, log) as service,
    ):
        place = Place(service.url, url)
        place.make_key("admin", "admin")
        yield place


@contextmanager
def _fresh_database() -> Iterator[str]:
    with migrated_server() as server, server.clone() as url:
        yield url


@contextmanager
def _in_a_thread(opened: AbstractContextManager[T]) -> Iterator[T]:
    """Opened and closed in a thread of its own, for the same reason."""
    with ThreadPoolExecutor(1) as aside:
        yield aside.submit(opened.__enter__).result()
        aside.submit(opened.__exit__, None, None, None).result()


def _variables(file: Path) -> Mapping[str, str]:
    pairs = (shlex.split(line)[0].partition("=") for line in file.read_text().splitlines())
    return {name: value for name, _, value in pairs}
