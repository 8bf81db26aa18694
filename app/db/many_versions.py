"""Many versions in a few statements: which there are, those that are new, and which are live."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Text, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import dump_json
from app.db.looks import Start
from app.db.tables import ModelRow, ModelVersionRow
from app.schemas.hosting.deployments import Deployment, InService

_NAMES, _VERSIONS = (bindparam(name, type_=ARRAY(Text())) for name in ("names", "versions"))

# Locked in the order of their names, so that two imports cannot wait for each other.
_ENSURE = text("""
    insert into models (name) select name from unnest(:names) as new (name) order by name
    on conflict (name) do update set name = excluded.name
    returning name, id
""").bindparams(_NAMES)
_INSERT = text("""
    insert into model_versions
        (model_id, version, backend, options, features, revision, revision_checked_at, revisions, deployed,
         epoch, confirmed_up_to, place)
    select model_id, version, :backend, options, :features, revision, now(),
           array(select jsonb_array_elements_text(cast(revisions as jsonb))), deployed, epoch, :newest_id,
           :place
    from unnest(:model_ids, :versions, :options, :revisions_in_words, :revisions, :deployed, :epochs)
        as new (model_id, version, options, revision, revisions, deployed, epoch)
""").bindparams(
    _VERSIONS,
    bindparam("model_ids", type_=ARRAY(BigInteger())),
    bindparam("options", type_=ARRAY(JSONB())),
    bindparam("features", type_=ARRAY(Text())),
    bindparam("revisions_in_words", type_=ARRAY(Text())),
    bindparam("revisions", type_=ARRAY(Text())),
    bindparam("deployed", type_=ARRAY(JSONB())),
    bindparam("epochs", type_=ARRAY(BigInteger())),
    bindparam("backend", type_=Text()),
    bindparam("place", type_=Text()),
    bindparam("newest_id", type_=BigInteger()),
)
_PROMOTE = text("""
    with wanted as (
        select model.id as model_id, version.id as version_id, model.name, version.version
        from unnest(:names, :versions) as named (model, version)
        join models model on model.name = named.model
        join model_versions version on version.model_id = model.id and version.version = named.version
        where model.live_version_id is distinct from version.id
        order by model.name
        for update of model
    ), moved as (
        update models set live_version_id = wanted.version_id from wanted where models.id = wanted.model_id
    ), noted as (
        insert into promotions (model_id, version_id) select model_id, version_id from wanted
    )
    select name, version from wanted
""").bindparams(_NAMES, _VERSIONS)


@dataclass(frozen=True)
class NewRegistration:
    """A version to register, and what a look has found."""

    deployment: Deployment
    found: InService


async def ensure_models(session: AsyncSession, names: Sequence[str]) -> dict[str, int]:
    """The ids of the models of these names, locked until the transaction ends; made where they are new."""
    found = await session.execute(_ENSURE, {"names": [*names]})
    return {row.name: row.id for row in found}


async def registered(session: AsyncSession, models: Sequence[str]) -> dict[tuple[str, str], ModelVersionRow]:
    """The versions of these models, by the names of both."""
    query = select(ModelRow.name, ModelVersionRow).join(ModelRow, ModelRow.id == ModelVersionRow.model_id)
    rows = (await session.execute(query.where(ModelRow.name.in_(models)))).all()
    return {(name, row.version): row for name, row in rows}


async def live(session: AsyncSession, models: Sequence[str]) -> dict[str, str]:
    """The live versions of those of these models that have one."""
    query = select(ModelRow.name, ModelVersionRow.version).join(
        ModelVersionRow, ModelRow.live_version_id == ModelVersionRow.id
    )
    return dict((await session.execute(query.where(ModelRow.name.in_(models)))).all())


async def insert(
    session: AsyncSession,
    model_ids: dict[str, int],
    new: Sequence[NewRegistration],
    *,
    place: str,
    start: Start,
) -> None:
    """Insert versions of one backend, place and list of features, in this order; their models are locked.

    The look that found them began at ``start``.
    """
    first = new[0].deployment
    values = {
        "backend": first.backend,
        "features": [*first.features],
        "place": place,
        "newest_id": start.newest_id,
        "model_ids": [model_ids[one.deployment.model] for one in new],
        "versions": [one.deployment.version for one in new],
        "options": [dict(one.deployment.options) for one in new],
        "revisions_in_words": [one.found.in_words for one in new],
        "revisions": [dump_json(sorted(one.found.revisions)) for one in new],
        "deployed": [one.found.rest for one in new],
        "epochs": [one.found.epoch for one in new],
    }
    await session.execute(_INSERT, values)


async def promote(session: AsyncSession, wanted: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Make these versions of models live, and note the moves; those that were not live before."""
    named = {"names": [model for model, _ in wanted], "versions": [version for _, version in wanted]}
    return [(row.name, row.version) for row in await session.execute(_PROMOTE, named)]
