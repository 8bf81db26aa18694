"""What routes ask for by type."""

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Path, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.settings import Settings
from app.db.engine import Sessions
from app.schemas.ids import RecordIdText, check_record_id


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _transaction(sessions: Annotated[Sessions, Depends(_sessions)]) -> AsyncIterator[AsyncSession]:
    async with sessions.begin() as session:
        yield session


def _record_id(record_id: Annotated[str, Path(description="1 to 200 characters")]) -> str:
    return check_record_id(unquote(record_id))


SessionsDep = Annotated[Sessions, Depends(_sessions)]
SettingsDep = Annotated[Settings, Depends(_settings)]
Transaction = Annotated[AsyncSession, Depends(_transaction, scope="function")]
"""A session in a transaction, committed before the response is sent: a failing commit is no success."""
RecordId = Annotated[RecordIdText, Depends(_record_id)]
"""The record's id from the path, decoded once (see middleware.ExactPaths)."""
