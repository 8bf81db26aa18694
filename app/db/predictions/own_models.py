"""The lookup where records may have models of their own: one statement, too."""

from app.db.direct import Statement
from app.db.predictions.cache import FOUND, HIT, OF_MODEL, WANTED

# Of each record that has a model of its own the version of that is looked up, where its caller names none.
OWN_LOOKUP = Statement(f"""
    with kind as materialized (
        select asked.number, asked.refresh, asked.own, asked.version as wanted_version, model.id as model_id,
               version.id, version.version, coalesce(version.epoch, 0) as epoch, version.revisions
        from unnest(cast(:models as text[]), cast(:versions as text[]), cast(:refresh as boolean[]),
                    cast(:own as boolean[]))
            with ordinality as asked (model, version, refresh, own, number)
        left join models model on model.name = asked.model
        {OF_MODEL}
    )
    {FOUND}, version.own_model
    from {WANTED}
    join kind on kind.number = wanted.number
    left join lateral (
        select content_hash, payload, own_model from input_objects where id = wanted.record_id limit 1
    ) record on true
    cross join lateral (
        select kind.model_id, kind.id, kind.version, kind.epoch, kind.revisions, kind.refresh,
               cast(null as text) as own_model
        where not kind.own or record.own_model is null
        union all
        select model.id, version.id, version.version, coalesce(version.epoch, 0), version.revisions,
               asked.refresh, record.own_model
        from (select kind.refresh, kind.wanted_version as version) asked
        left join models model on model.name = record.own_model
        {OF_MODEL}
        where kind.own and record.own_model is not null
    ) version
    left join {HIT} on true
""")
