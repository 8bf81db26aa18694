"""Models and versions, page by page."""

from pydantic import TypeAdapter

from app.core import strict_json
from app.core.cursors import Cursor
from app.db import models as rows
from app.db.engine import Sessions
from app.db.live import summaries
from app.schemas.ids import Name, RowId
from app.schemas.models import ModelPage, ModelSummaries, ModelSummary, ModelVersion, VersionPage
from app.services.models import versions
from app.services.models.describing import describe, grouped

MODELS: Cursor[str] = Cursor("models", TypeAdapter(Name))
VERSIONS: Cursor[int] = Cursor("versions", TypeAdapter(RowId))


async def page(sessions: Sessions, *, limit: int, cursor: str | None) -> ModelPage:
    """Models in the order of their names, from the place where the last page's cursor points."""
    after = MODELS.decode(cursor) or ""
    async with sessions() as session:
        found = grouped(await rows.page(session, after=after, limit=limit + 1))
    items, next_cursor = MODELS.cut(found, limit, lambda last: last.model)
    return ModelPage(items=items, next_cursor=next_cursor)


async def page_of_summaries(
    sessions: Sessions, *, named_like: str, limit: int, cursor: str | None
) -> ModelSummaries:
    """Models in rows, those whose names have ``named_like`` in them: of thousands, and of any number of
    versions."""
    strict_json.check(named_like, "find")
    after = MODELS.decode(cursor) or ""
    async with sessions() as session:
        found = await summaries.page(session, named_like=named_like, after=after, limit=limit + 1)
    items = [ModelSummary.model_validate(one, from_attributes=True) for one in found]
    shown, next_cursor = MODELS.cut(items, limit, lambda last: last.model)
    return ModelSummaries(items=shown, next_cursor=next_cursor)


async def page_of_versions(sessions: Sessions, model: str, *, limit: int, cursor: str | None) -> VersionPage:
    """A model's versions, newest first, from the place where the last page's cursor points, or NotFound."""
    before = VERSIONS.decode(cursor)
    async with sessions() as session:
        found = await rows.page_of_versions(session, model, before=before, limit=limit + 1)
        if not found and not await rows.list_versions(session, model):
            raise versions.no_version(model, None, model_exists=False)
    shown, next_cursor = VERSIONS.cut(found, limit, lambda last: last[1].id)
    return VersionPage(items=[describe(*one) for one in shown], next_cursor=next_cursor)


async def get_version(sessions: Sessions, model: str, version: str) -> ModelVersion:
    """One version, or NotFound says what there is not."""
    async with sessions() as session:
        row = await rows.find_model(session, model)
        found = None if row is None else await rows.find_version(session, row.id, version)
    if row is None or found is None:
        raise versions.no_version(model, version, model_exists=row is not None)
    return describe(row, found)
