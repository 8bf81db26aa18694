"""The lookup of many records for one caller, of which Postgres writes out the hits.

To take them apart in this process, and to write each of them anew, takes longer than to look them up.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from app.db.direct import Direct, Statement
from app.db.predictions.cache import LOOKUP, Lookup
from app.db.predictions.own_models import OWN_LOOKUP
from app.schemas.access.callers import Binding


class Writing(NamedTuple):
    """Records to look up for one caller. ``version`` None means the live one.

    ``pattern`` is what a hit is written by, as Postgres' ``format`` takes it. It is given the id, as JSON;
    the content hash; the output, as JSON; the names of the model and the version; the revision, as JSON; and
    when it was computed, in UTC, with microseconds and without an offset.
    """

    record_ids: Sequence[str]
    model: str
    version: str | None
    pattern: str
    binding: Binding
    own: bool = False


class WrittenHits(NamedTuple):
    """The hits by record id, as they were written, and all other lookups."""

    hits: dict[str, str]
    others: list[Lookup]


_IDS = "string_to_array(:record_ids, chr(10))"
# A text, and one ask of one kind, cost less to send than an array with its items, each of which is looked at.
_GIVEN = {
    "models": "array[:model]",
    "versions": "array[:version]",
    "refresh": "array[false]",
    "own": "array[true]",
    "record_ids": _IDS,
    "numbers": f"array_fill(1, array[coalesce(cardinality({_IDS}), 0)])",
}


def _writing(lookup: Statement, columns: Sequence[str], model: str) -> Statement:
    """Writes what the lookup finds, in these columns; of the hits it is the answer of ``model``."""
    found = re.sub(r":(\w+)(?= as )", lambda match: _GIVEN.get(match[1], match[0]), lookup.source)
    return Statement(f"""
        select record_id,
               case when prediction_id is not null then format(
                   :pattern, to_json(record_id), content_hash, output, {model}, version, to_json(revision),
                   to_char(computed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24":"MI":"SS.US')
               ) end,
               case when prediction_id is null then found end
        from ({found}) as found ({", ".join(columns)})
    """)


WRITE = _writing(LOOKUP, Lookup._fields[:-1], "cast(:model as text)")
WRITE_OWN = _writing(OWN_LOOKUP, Lookup._fields, "coalesce(own_model, cast(:model as text))")


async def write(direct: Direct, asked: Writing, *, pipeline_version: str, ttl: float | None) -> WrittenHits:
    """Records, versions and cached predictions by primary keys. ``ttl`` is in seconds."""
    values = {
        "record_ids": "\n".join(asked.record_ids),
        "model": asked.model,
        "version": asked.version,
        "pipeline_version": pipeline_version,
        "ttl": ttl,
        "pattern": asked.pattern,
    }
    found = WrittenHits({}, [])
    statement = WRITE_OWN if asked.own else WRITE
    for record_id, hit, other in await direct.fetch(statement, values, binding=asked.binding):
        if hit is None:
            found.others.append(Lookup(*other))
        else:
            found.hits[record_id] = hit
    return found
