"""One record with all that is known of it: its content, what was predicted for it, and the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.errors import NotFound
from app.db.predictions import explanations
from app.db.predictions import history as prediction_rows
from app.db.predictions.explanations import StoredExplanation
from app.schemas.ids import no_record
from app.schemas.judged import TruthValue
from app.schemas.predictions.explanations import Explanation
from app.schemas.predictions.predictions import LoggedPrediction, PredictionPage
from app.schemas.records.records import Record, RecordPage
from app.services.browsing.against_truth import AgainstTruth, judge
from app.services.browsing.choices import VersionOptions, options
from app.services.explanations.explaining import read
from app.services.failures.user_code import aside
from app.services.predictions import history
from app.services.predictions.history import PredictionSearch
from app.services.predictions.predictor import Predictor
from app.services.records import records

PREDICTIONS, CONTENTS, RECORDS = 50, 20, 50
"""The most that one page shows of each."""


@dataclass(frozen=True)
class ContentVersion:
    """A content that a record has, or had when it was predicted."""

    content_hash: str
    predictions: int
    first_computed_at: datetime | None
    last_computed_at: datetime | None
    is_present: bool


@dataclass(frozen=True)
class SeenPrediction:
    """A prediction of the history, beside the truth, with its explanation if one is stored."""

    logged: LoggedPrediction
    against_truth: AgainstTruth
    explanation: Explanation | None
    has_expired: bool


@dataclass(frozen=True)
class SeenRecord:
    """``record`` is None where it was deleted, and what was predicted for it is still on the books.

    ``predictions`` are a page, newest first; ``next_cursor`` is None on the last one.
    """

    record_id: str
    record: Record | None
    truth: TruthValue | None
    contents: Sequence[ContentVersion]
    predictions: Sequence[SeenPrediction]
    next_cursor: str | None
    versions: VersionOptions


async def search(predictor: Predictor, text: str, *, cursor: str | None) -> RecordPage:
    """Records whose ids begin with ``text``, in the order of their ids, page by page."""
    return await records.page(predictor.database.statements, limit=RECORDS, cursor=cursor, prefix=text)


async def about(predictor: Predictor, record_id: str, *, cursor: str | None = None) -> SeenRecord:
    """NotFound where there is neither a record nor a prediction of it that the caller may know of."""
    sessions = predictor.database.statements
    record = await _record(predictor, record_id)
    wanted = PredictionSearch(record_id=record_id)
    page = await history.page(sessions, wanted, limit=PREDICTIONS, cursor=cursor)
    if record is None and not page.items:
        raise no_record(record_id)
    async with sessions() as session:
        found = await prediction_rows.contents(session, record_id, most=CONTENTS)
    explained = await explanations.find(predictor.database.direct, [one.id for one in page.items])
    truth, verdicts = await _judged(predictor, record, page)
    seen = [
        _seen(one, against_truth, explained) for one, against_truth in zip(page.items, verdicts, strict=True)
    ]
    versions = await options(sessions, predictor.use_case, predictor.settings.default_model)
    contents = _contents(record, found)
    return SeenRecord(record_id, record, truth, contents, seen, page.next_cursor, versions)


async def _record(predictor: Predictor, record_id: str) -> Record | None:
    try:
        return await records.get(predictor.database.statements, record_id)
    except NotFound:
        return None


async def _judged(
    predictor: Predictor, record: Record | None, page: PredictionPage
) -> tuple[TruthValue | None, list[AgainstTruth]]:
    label = None if record is None else record.label
    outputs = [one.prediction for one in page.items]
    value = None if label is None else label.value
    return await aside(judge, predictor.use_case, outputs, value, has_label=label is not None)


def _seen(
    logged: LoggedPrediction, against_truth: AgainstTruth, explained: dict[int, StoredExplanation]
) -> SeenPrediction:
    stored, until = explained.get(logged.id), logged.expires_at
    has_expired = until is not None and until <= datetime.now(until.tzinfo)
    return SeenPrediction(logged, against_truth, None if stored is None else read(stored), has_expired)


def _contents(record: Record | None, found: Sequence[prediction_rows.FoundContent]) -> list[ContentVersion]:
    """The present one first, though nothing may be predicted of it."""
    present = None if record is None else record.content_hash
    contents = [ContentVersion(*row, is_present=row[0] == present) for row in found]
    if present is not None and not any(one.is_present for one in contents):
        contents.insert(0, ContentVersion(present, 0, None, None, is_present=True))
    return sorted(contents, key=lambda one: not one.is_present)
