"""Of which records runs are: those of the same ones can be laid beside each other."""

from app.core import strict_json
from app.schemas.evaluations.runs import EvaluationRequest
from app.schemas.evaluations.timeline import WindowKey
from app.services.use_case import UseCase


def window_of(use_case: UseCase, request: EvaluationRequest, record_prefix: str) -> WindowKey:
    """Of which records a run is."""
    since, until = ("" if one is None else one.isoformat() for one in (request.since, request.until))
    goes_by = (request.time_field or use_case.time_field or "") if since or until else ""
    where = strict_json.canonical(request.model_dump(mode="json")["where"])
    return WindowKey(since, until, goes_by, where, record_prefix)
