"""Looks at what platforms have in service: whose turn it is, and what is noted of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import BigInteger, Interval, Row, Select, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.predictions import predictions
from app.db.predictions.cache import NEWEST_ID
from app.db.tables import ModelRow, ModelVersionRow, PredictionRow
from app.schemas.hosting.deployments import InService


@dataclass(frozen=True)
class Start:
    """When a look began: its number, and the id of the newest prediction, or a later one."""

    number: int
    newest_id: int


async def begin(session: AsyncSession) -> Start:
    """To be asked before the platform is."""
    statement = f"select nextval('looks') as number, {NEWEST_ID} as newest_id"
    return Start(**(await session.execute(text(statement))).mappings().one())


_TAKE = text("""
    with taken as (
        insert into places (place, looked_at)
        select distinct place, now() from model_versions where place is not null order by place
        on conflict (place) do update set looked_at = excluded.looked_at
        where places.looked_at < now() - :age
        returning place
    )
    select version.place
    from taken
    join model_versions version on version.place = taken.place
    join models model on model.id = version.model_id
    group by version.place
    order by bool_or(coalesce(model.live_version_id = version.id, false)) desc,
             max((select max(id) from predictions where model_version_id = version.id)) desc nulls last
""").bindparams(bindparam("age", type_=Interval()))


async def take_stale(session: AsyncSession, age: timedelta) -> Sequence[str]:
    """The places that were not looked at for ``age``, now marked as looked at; those of live versions first,
    then the most recently used.

    The mark lets one of several replicas take each.
    """
    return (await session.scalars(_TAKE, {"age": age})).all()


async def without_place(session: AsyncSession) -> Sequence[ModelVersionRow]:
    """Versions that a release without places registered."""
    return (await session.scalars(select(ModelVersionRow).where(ModelVersionRow.place.is_(None)))).all()


async def set_place(session: AsyncSession, version_id: int, place: str) -> None:
    query = update(ModelVersionRow).where(ModelVersionRow.id == version_id)
    await session.execute(query.values(place=place))


async def at_place(session: AsyncSession, place: str) -> Sequence[Row[str, ModelVersionRow]]:
    """The versions that a look at the place is for, with their models' names."""
    query: Select[str, ModelVersionRow] = (
        select(ModelRow.name, ModelVersionRow)
        .join(ModelVersionRow, ModelVersionRow.model_id == ModelRow.id)
        .where(ModelVersionRow.place == place)
        .order_by(ModelVersionRow.id)
    )
    return (await session.execute(query)).all()


_USED = text("""
    select version.id from unnest(cast(:ids as bigint[])) as version (id)
    cross join lateral (
        select computed_at from predictions
        where model_version_id = version.id and source_id is null
        order by id desc limit 1
    ) last
    where last.computed_at > now() - make_interval(secs => cast(:seconds as float8))
""")


async def used_within(session: AsyncSession, version_ids: Sequence[int], seconds: float) -> set[int]:
    """Those of the versions that have inferred something in the last ``seconds``."""
    return set(await session.scalars(_USED, {"ids": [*version_ids], "seconds": seconds}))


async def place_of(session: AsyncSession, version_id: int) -> str | None:
    return await session.scalar(select(ModelVersionRow.place).where(ModelVersionRow.id == version_id))


async def hold(session: AsyncSession, version_id: int) -> InService | None:
    """What is noted of a version, which stays so until the transaction ends; None if it was deleted."""
    return await _locked(session, version_id, exclusively=False)


async def lock(session: AsyncSession, version_id: int) -> InService | None:
    """The same, to be changed."""
    return await _locked(session, version_id, exclusively=True)


async def _locked(session: AsyncSession, version_id: int, *, exclusively: bool) -> InService | None:
    row = ModelVersionRow
    query = select(row.epoch, row.revisions, row.deployed).where(row.id == version_id)
    query = query.with_for_update(read=not exclusively, key_share=exclusively)
    found = (await session.execute(query)).one_or_none()
    return None if found is None else InService.of(*found)


async def note(session: AsyncSession, version_id: int, found: InService, *, newest_id: int) -> None:
    """Note what a look found that is not as it was; the version is locked. What was computed since the last
    look that found what was noted before is disowned."""
    row = ModelVersionRow
    confirmed = await session.scalar(select(row.confirmed_up_to).where(row.id == version_id))
    await predictions.disown(session, version_id, after=confirmed or 0)
    values = {
        "epoch": found.epoch,
        "revisions": sorted(found.revisions),
        "revision": found.in_words,
        "deployed": found.rest,
        "confirmed_up_to": newest_id,
    }
    await session.execute(update(row).where(row.id == version_id).values(values))


_CONFIRM = text("""
    with wanted as (
        select version.id, found.rest
        from unnest(:ids, :epochs, :rests) as found (id, epoch, rest)
        join model_versions version on version.id = found.id and version.epoch = found.epoch
        where version.confirmed_up_to <= :newest_id
          and (version.deployed <> found.rest
               or exists (select from predictions
                          where model_version_id = version.id and id > version.confirmed_up_to))
        order by version.id
        for no key update of version
    )
    update model_versions version set confirmed_up_to = :newest_id, deployed = wanted.rest
    from wanted where version.id = wanted.id
""").bindparams(
    bindparam("ids", type_=ARRAY(BigInteger())),
    bindparam("epochs", type_=ARRAY(BigInteger())),
    bindparam("rests", type_=ARRAY(JSONB())),
    bindparam("newest_id", type_=BigInteger()),
)


async def confirm(session: AsyncSession, found: Sequence[tuple[int, InService]], *, newest_id: int) -> None:
    """Of versions that were found as they are noted: what was stored before the look began keeps its label.

    ``found`` are their ids and what was found, with the noted epoch. Those that were not used since are left
    as they are, and those of which something else was noted meanwhile.
    """
    values = {
        "ids": [version_id for version_id, _ in found],
        "epochs": [one.epoch for _, one in found],
        "rests": [one.rest for _, one in found],
        "newest_id": newest_id,
    }
    await session.execute(_CONFIRM, values)


async def told_since(session: AsyncSession, version_id: int) -> frozenset[str]:
    """The revisions that replies have told since the last look."""
    query = (
        select(PredictionRow.revision)
        .join(ModelVersionRow, ModelVersionRow.id == PredictionRow.model_version_id)
        .where(
            PredictionRow.model_version_id == version_id,
            PredictionRow.id > ModelVersionRow.confirmed_up_to,
            PredictionRow.epoch.is_(None),
            PredictionRow.source_id.is_(None),
        )
        .distinct()
    )
    return frozenset(await session.scalars(query))
