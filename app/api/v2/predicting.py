"""Predictions of many records as columns: all of them, or an error."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.api.v2.tensors import EXTRAS, PREDICTION, OutputColumn
from app.core.errors import AppError, FieldError, InvalidInput
from app.core.logging.quoting import Quoted
from app.core.signals.versions import concern, version_of
from app.schemas.ids import MAX_RECORD_ID
from app.schemas.predictions.protocol import Datatype
from app.services.failures.outages import or_once_more
from app.services.models import versions
from app.services.predictions.predictor import Answer, Ask, Predictor

WRITTEN = "%5$s\n%3$s"
"""What Postgres writes a hit by: the version and the prediction (see ``Writing``). JSON of JSONB has no line
feeds, and a version's name has none."""
NAMED = 3
"""Records that an error names, with why: by as much as an id may have of what may be of any length."""


@dataclass(frozen=True)
class ToldRecords:
    """Predictions in the order of their ids: of hits perhaps no more than WRITTEN."""

    items: Sequence[Answer | str]

    @property
    def cached(self) -> bool:
        return all(isinstance(one, str) or one.cached for one in self.items)

    @property
    def answers(self) -> list[Answer]:
        return [one for one in self.items if not isinstance(one, str)]

    @cached_property
    def hits(self) -> Mapping[str, int]:
        """How many are of which version, of those of which there is no more."""
        written = [one for one in self.items if isinstance(one, str)]
        begun = f"{_version(written[0])}\n" if written else ""
        if all(one.startswith(begun) for one in written):  # but for a promotion in between, all are of one
            return {begun[:-1]: len(written)} if written else {}
        return Counter(map(_version, written))

    @property
    def versions(self) -> set[str]:
        return {*self.hits, *(one.version for one in self.answers)}

    def column(self, name: str, datatype: Datatype, *, is_binary: bool) -> OutputColumn:
        """An output. ``datatype`` is that of predictions."""
        if name == PREDICTION:
            return OutputColumn(name, datatype, self._predictions(), is_binary)
        extra = EXTRAS[name]
        return OutputColumn(name, extra.datatype, [*map(extra.say, self.answers)], is_binary)

    def _predictions(self) -> list[str]:
        if len(self.hits) == 1:
            [version] = self.hits
            begin = len(version) + 1
            return [one[begin:] if isinstance(one, str) else one.output for one in self.items]
        return [one.partition("\n")[2] if isinstance(one, str) else one.output for one in self.items]


def require_known(outputs: Mapping[str, bool]) -> None:
    """InvalidInput where one is asked for that there is not."""
    unknown = [name for name in outputs if name != PREDICTION and name not in EXTRAS]
    if unknown:
        there = ", ".join((PREDICTION, *EXTRAS))
        faults = [FieldError("outputs", f"there is no {name!r}; there is {there}") for name in unknown]
        raise InvalidInput("The outputs do not fit.", errors=faults)


async def predict(predictor: Predictor, record_ids: Sequence[str], ask: Ask, *, alone: bool) -> ToldRecords:
    """``alone``: the prediction is all that is wanted of each. Where one record has none its error is raised,
    with the names of the first."""
    found: Mapping[str, Answer | AppError | str]
    if alone:
        found = await or_once_more(lambda: predictor.write_many(record_ids, ask, WRITTEN))
    else:
        found = await or_once_more(lambda: predictor.predict_many(record_ids, ask))
    if not record_ids:  # no lookup has said that there is no such version
        await or_once_more(lambda: _require_version(predictor, ask))
    told = [one for name in record_ids if not isinstance(one := found[name], AppError)]
    if len(told) < len(record_ids):
        raise failure({name: one for name in record_ids if isinstance(one := found[name], AppError)}, found)
    return ToldRecords(told)


async def _require_version(predictor: Predictor, ask: Ask) -> None:
    async with predictor.database.transactions() as session:
        await versions.version_id(session, ask.model or "", ask.version)


def failure(failed: Mapping[str, AppError], found: Mapping[str, object]) -> AppError:
    """The first that another try does not mend, else the first, with what all of them are in its detail."""
    lasting = [one for one in failed.values() if not one.retryable]
    chosen = (lasting or [*failed.values()])[0]
    named = [f"{name[:MAX_RECORD_ID]!r}: {one.in_words}" for name, one in [*failed.items()][:NAMED]]
    named += [f"And {len(failed) - NAMED} more."] if len(failed) > NAMED else []
    detail = f"{len(failed)} of {len(found)} records cannot be predicted. {' '.join(named)}"
    waits = [one.retry_after for one in failed.values() if one.retry_after is not None]
    retry_after = max(waits) if waits and not lasting else chosen.retry_after
    error = type(chosen)(Quoted(detail), retry_after=retry_after, headers=chosen.headers)
    concern(error, *version_of(chosen))
    return error


def _version(written: str) -> str:
    return written.partition("\n")[0]
