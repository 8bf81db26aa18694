"""The times in which versions were live, by the moves of the live pointers."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, DateTime, Row, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession


class Move(NamedTuple):
    """A move of the live pointer, by what sorts them: where a page of stretches ended."""

    since: datetime
    undid: bool
    promotion_id: int


# A move is a promotion or a roll-back; the next one ends the stretch that it began. A roll-back restores the
# newest of the promotions before it that stood then.
_STRETCHES = """
    with moves as (
        select id, promoted_at as since, false as undid, version_id
        from promotions where model_id = :model_id
        union all
        select undone.id, undone.rolled_back_at, true, (
            select earlier.version_id from promotions earlier
            where earlier.model_id = :model_id and earlier.id < undone.id
              and (earlier.rolled_back_at is null or earlier.rolled_back_at > undone.rolled_back_at)
            order by earlier.id desc limit 1
        )
        from promotions undone where undone.model_id = :model_id and undone.rolled_back_at is not null
    ), stretches as (
        select moves.*, lead(since) over following as until, lead(undid) over following as was_undone
        from moves window following as (order by since, undid, id)
    )
    select {distinct} stretches.id as promotion_id, since, undid, until, was_undone, version.version
    from stretches join model_versions version on version.id = stretches.version_id
"""
_PAGE_OF_STRETCHES = text(f"""
    {_STRETCHES.format(distinct="")}
    where :since is null or (since, undid, stretches.id) < (:since, :undid, :promotion_id)
    order by since desc, undid desc, stretches.id desc limit :limit
""").bindparams(
    bindparam("since", type_=DateTime(timezone=True)), bindparam("promotion_id", type_=BigInteger)
)
_NEWEST_STRETCHES = text(f"""
    {_STRETCHES.format(distinct="distinct on (stretches.version_id)")}
    where version.version = any(:versions)
    order by stretches.version_id, since desc, undid desc, stretches.id desc
""").bindparams(bindparam("versions", type_=ARRAY(Text())))
NO_MOVE = {"since": None, "undid": None, "promotion_id": None}


async def stretches(
    session: AsyncSession, model_id: int, *, before: Move | None, limit: int
) -> Sequence[Row[*tuple[object, ...]]]:
    """At most ``limit`` times in which one version of a model was live, the newest first."""
    place = NO_MOVE if before is None else before._asdict()
    values = {"model_id": model_id, "limit": limit, **place}
    return (await session.execute(_PAGE_OF_STRETCHES, values)).all()


async def newest_stretches(
    session: AsyncSession, model_id: int, versions: Sequence[str]
) -> Sequence[Row[*tuple[object, ...]]]:
    """The last time in which each of these versions was live, of those that ever were."""
    values = {"model_id": model_id, "versions": [*versions]}
    return (await session.execute(_NEWEST_STRETCHES, values)).all()


async def newest(session: AsyncSession, model_id: int) -> Row[*tuple[object, ...]] | None:
    """The last of all: the one of the live version, if one is live."""
    found = await stretches(session, model_id, before=None, limit=1)
    return found[0] if found else None
