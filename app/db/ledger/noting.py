"""What a process has told its callers, into the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.db.direct import Direct, Statement
from app.schemas.access.callers import UNBOUND


@dataclass(frozen=True)
class AnswerLine:
    """Answers that are alike. ``upto``: the upper bound in seconds of how long their callers waited."""

    model: str
    version: str
    origin: str
    outcome: str
    cause: str
    upto: float
    answers: int


_NOTE = Statement("""
    insert into answer_tallies
        (at, model_version_id, origin, outcome, cause, upto, answers, note, line)
    select date_trunc('minute', now()), version.id, given.origin, given.outcome, given.cause,
           given.upto, given.answers, cast(:note as uuid), given.line
    from unnest(
        cast(:models as text[]), cast(:versions as text[]), cast(:origins as text[]),
        cast(:outcomes as text[]), cast(:causes as text[]), cast(:uptos as float8[]),
        cast(:answers as bigint[])
    ) with ordinality as given (model, version, origin, outcome, cause, upto, answers, line)
    left join models on models.name = given.model
    left join model_versions version on version.model_id = models.id and version.version = given.version
    where not exists (select from answer_tallies noted where noted.note = cast(:note as uuid))
    on conflict (note, line) where note is not null do nothing
""")


async def note(direct: Direct, number: UUID, lines: Sequence[AnswerLine]) -> None:
    """Add the lines; the same ``number`` again adds nothing, should it not be known what came of it."""
    values = {
        "note": number,
        "models": [line.model for line in lines],
        "versions": [line.version for line in lines],
        "origins": [line.origin for line in lines],
        "outcomes": [line.outcome for line in lines],
        "causes": [line.cause for line in lines],
        "uptos": [line.upto for line in lines],
        "answers": [line.answers for line in lines],
    }
    # They are of all callers, whoever may have asked for this.
    await direct.fetch(_NOTE, values, binding=UNBOUND)
