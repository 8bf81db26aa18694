"""The database, for commands that work on it directly."""

import getpass
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from app.cli.program.collecting import all_imported
from app.core.errors import Unavailable
from app.core.settings import Settings

if TYPE_CHECKING:
    from app.db.engine import Sessions
    from app.services.use_case import UseCase


@asynccontextmanager
async def open_sessions() -> AsyncIterator["Sessions"]:
    """Sessions on the migrated database of the settings; Unavailable if it is not migrated.

    From now on only errors are logged, such as the traceback of the user's code: what else goes wrong a
    command says in words.
    """
    from app.core.logging import configure_logging
    from app.db import migrate
    from app.db.engine import create_engine, create_sessions
    from app.schemas.access.callers import CURRENT, ITSELF

    all_imported()
    CURRENT.set(replace(ITSELF, name=f"cli:{user()}"))
    settings = Settings()
    configure_logging(settings.model_copy(update={"log_level": "ERROR"}))
    engine = create_engine(settings)
    try:
        async with engine.connect() as connection:
            if not await migrate.is_current(connection):
                raise Unavailable(migrate.NOT_MIGRATED)
        yield create_sessions(engine)
    finally:
        await engine.dispose()


def user() -> str:
    """Of the system, as whom the command runs."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need have no name
        return str(os.getuid())


def use_case() -> "UseCase":
    """That of the settings."""
    from app.services.use_case import load

    return load(Settings().use_case)
