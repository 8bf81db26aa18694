"""Keys for pages, as headers."""

from collections.abc import Collection
from datetime import timedelta

from fastapi import FastAPI

from app.schemas.access.callers import KeyScope
from app.services.access import keys
from app.services.access.keys import NewKey


async def headers_of(
    app: FastAPI,
    name: str,
    *scopes: KeyScope,
    models: Collection[str] | None = None,
    record_prefix: str = "",
) -> dict[str, str]:
    """Those of a new key."""
    bound = None if models is None else frozenset(models)
    new = NewKey(name, scopes, timedelta(days=1), models=bound, record_prefix=record_prefix)
    key = await keys.make(app.state.runtime.database.transactions, new)
    return {"authorization": f"Bearer {key}"}
