"""The tables, by what is done with them. Changes are Alembic migrations."""

from app.db.tables.audit import AuditRow
from app.db.tables.base import Base, RecordKey
from app.db.tables.explanations import ExplanationRow
from app.db.tables.ledger import AnswerTallyRow, InferenceTallyRow, PriceRow
from app.db.tables.limits import KeyInferencesRow, KeyRequestsRow
from app.db.tables.operations import OperationRow
from app.db.tables.serving import (
    MAX_ID,
    ApiKeyRow,
    ClaimRow,
    FormerClaimRow,
    InputObjectRow,
    LabelRow,
    MemoryRow,
    ModelRow,
    ModelVersionRow,
    PlaceRow,
    PredictionRow,
    PromotionRow,
)
from app.db.tables.work import (
    UNDER_WAY,
    EvaluationItemRow,
    EvaluationMetricRow,
    EvaluationRow,
    EvaluationScheduleRow,
    IdempotencyKeyRow,
    PredictionJobChunkRow,
    PredictionJobRow,
    WorkerRow,
)

__all__ = [
    "MAX_ID",
    "UNDER_WAY",
    "AnswerTallyRow",
    "ApiKeyRow",
    "AuditRow",
    "Base",
    "ClaimRow",
    "EvaluationItemRow",
    "EvaluationMetricRow",
    "EvaluationRow",
    "EvaluationScheduleRow",
    "ExplanationRow",
    "FormerClaimRow",
    "IdempotencyKeyRow",
    "InferenceTallyRow",
    "InputObjectRow",
    "KeyInferencesRow",
    "KeyRequestsRow",
    "LabelRow",
    "MemoryRow",
    "ModelRow",
    "ModelVersionRow",
    "OperationRow",
    "PlaceRow",
    "PredictionJobChunkRow",
    "PredictionJobRow",
    "PredictionRow",
    "PriceRow",
    "PromotionRow",
    "RecordKey",
    "WorkerRow",
]
