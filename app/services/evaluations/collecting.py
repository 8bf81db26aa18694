"""What an evaluation run has gathered: judged records, and why others failed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import JsonValue

from app.core.errors import AppError
from app.db.evaluations.runs import JudgedRecord
from app.schemas.evaluations.runs import EvaluationRequest
from app.services.evaluations.judging import Case, bucket_of
from app.services.predictions.predictor import Answer, Ask
from app.services.use_case import UseCase

LONGEST_GROUP = 200
"""Characters of a slice's name and value; the rest is cut off, since Postgres bounds what an index holds."""


@dataclass(frozen=True)
class Labelled:
    """A record of the window with its truth."""

    record_id: str
    payload: JsonValue
    truth: JsonValue
    at: datetime | None


@dataclass
class CollectedRun:
    """A run of an evaluation, and what it has found so far."""

    id: int
    version_id: int
    ask: Ask
    request: EvaluationRequest
    last: bool
    """Whether no other attempt will wait for the platform."""
    record_prefix: str
    """Within which it is done."""
    key_id: int | None = None
    """Whose budget its inferences are of."""
    items: list[JudgedRecord] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why records failed: titles of errors, counted."""
    fault: AppError | None = None
    """Why the last record that failed did."""

    def fail(self, error: AppError) -> None:
        self.reasons[error.title] += 1
        self.fault = error

    def leave_out(self, faults: Mapping[int, AppError]) -> None:
        """Count those at these places as failed, and judge the others."""
        for error in faults.values():
            self.fail(error)
        kept = [place for place in range(len(self.cases)) if place not in faults]
        self.items, self.cases = [self.items[one] for one in kept], [self.cases[one] for one in kept]

    @property
    def nobodys(self) -> list[int]:
        """The predictions of which the platform has not told a revision."""
        return [
            item.prediction_id for item, case in zip(self.items, self.cases, strict=True) if not case.made_by
        ]

    def tell_apart(self, variants: Mapping[int, str]) -> None:
        """Where several revisions answered, what each of them made is a group of its own, too.

        ``variants`` by prediction stand for revisions that the platform has not told.
        """
        made_by = [
            case.made_by or variants.get(item.prediction_id, "")
            for item, case in zip(self.items, self.cases, strict=True)
        ]
        if len(set(made_by)) < 2:
            return
        groups = [
            (*case.groups, f"answered_by={maker}"[:LONGEST_GROUP])
            for case, maker in zip(self.cases, made_by, strict=True)
        ]
        self.items = [replace(one, groups=named) for one, named in zip(self.items, groups, strict=True)]
        self.cases = [replace(one, groups=named) for one, named in zip(self.cases, groups, strict=True)]


def collect(
    use_case: UseCase, run: CollectedRun, batch: Sequence[Labelled], answers: Mapping[str, Answer | AppError]
) -> None:
    """Put the answers of a batch beside their truths."""
    for one in batch:
        answer = answers[one.record_id]
        if isinstance(answer, AppError):
            run.fail(answer)
            continue
        names = use_case.slices if run.request.slices is None else run.request.slices
        try:
            item, truth = use_case.parse(one.payload) if names else None, use_case.truth(one.truth)
        except AppError as error:  # of this record, unlike that of a slice
            run.fail(error)
            continue
        groups = tuple(f"{name}={use_case.group(name, item)}"[:LONGEST_GROUP] for name in names if item)
        bucket = bucket_of(run.request.bucket, one.at)
        run.items.append(JudgedRecord(one.record_id, answer.id, truth, groups, bucket))
        run.cases.append(Case(truth, answer.prediction, groups, bucket, answer.revision))
