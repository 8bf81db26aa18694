"""What inferences of a model cost: prices with the hour from which on they are in force."""

from typing import cast

from pydantic import TypeAdapter

from app.core.cursors import Cursor
from app.core.errors import NotFound
from app.db import models as model_rows
from app.db.engine import Sessions
from app.db.ledger import prices as rows
from app.db.tables import PriceRow
from app.schemas.ids import RowId
from app.schemas.overview.prices import NewPrice, Price, PricePage, PriceUnit
from app.services.access import audit
from app.services.models import versions

CURSOR: Cursor[int] = Cursor("prices", TypeAdapter(RowId))


async def add(sessions: Sessions, model: str, new: NewPrice) -> Price:
    """A price from an hour on, or the end of one; NotFound says what there is not. None is ever changed."""
    async with sessions.begin() as session:
        row = await model_rows.lock_model(session, model)
        if row is None:
            raise NotFound(f"There is no model {model!r}.")
        of_version = None
        if new.version is not None:
            of_version = await model_rows.lock_version(session, row.id, new.version)
            if of_version is None:
                raise versions.no_version(model, new.version, model_exists=True)
        added = await rows.add(
            session,
            PriceRow(
                model_id=row.id,
                model_version_id=None if of_version is None else of_version.id,
                per=new.per,
                amount=new.amount,
                currency=new.currency,
                valid_from=new.valid_from or await rows.this_hour(session),
            ),
        )
        price = _price(added, model, new.version)
        told = price.model_dump(mode="json", include={"per", "amount", "currency", "valid_from"})
        await audit.note(session, "priced", _subject(model, new.version), **told)
    return price


async def page(sessions: Sessions, model: str, *, limit: int, cursor: str | None) -> PricePage:
    """Prices of a model and its versions, the last that were added first; NotFound of no model."""
    before = CURSOR.decode(cursor)
    async with sessions() as session:
        found = await rows.page(session, model, before=before, limit=limit + 1)
        if not found and await model_rows.find_model(session, model) is None:
            raise NotFound(f"There is no model {model!r}.")
    items, next_cursor = CURSOR.cut([_price(*one) for one in found], limit, lambda last: last.id)
    return PricePage(items=items, next_cursor=next_cursor)


def _subject(model: str, version: str | None) -> str:
    return f"model {model}" if version is None else audit.version_subject(model, version)


def _price(row: PriceRow, model: str, version: str | None) -> Price:
    return Price(
        id=row.id,
        model=model,
        version=version,
        per=cast(PriceUnit | None, row.per),
        amount=row.amount,
        currency=row.currency,
        valid_from=row.valid_from,
        created_at=row.created_at,
    )
