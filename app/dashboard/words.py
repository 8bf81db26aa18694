"""What there is no value for, in words: windows of time, states and verdicts."""

from datetime import UTC, datetime

from app.core import strict_json
from app.schemas.evaluations.runs import EvaluationRequest, Reference

STATES = {"queued": "info", "running": "info", "done": "good", "failed": "bad", "cancelled": ""}
VERDICTS = {"better": "good", "worse": "bad", "same": "", "undecided": "warn"}
"""The kinds of their badges."""


def window(request: EvaluationRequest) -> str:
    """Of which records a run is: ``2013-07-01 to 2014-01-01, by scheduled_at; carrier is "UA"``."""
    said = span(request.since, request.until)
    if request.time_field and said:
        said += f", by {request.time_field}"
    conditions = [f"{name} is {strict_json.canonical(value)}" for name, value in request.where.items()]
    return "; ".join([said or "all records", *conditions])


def reference(request: EvaluationRequest) -> str:
    """What drift is measured from; empty where it is not."""
    found: Reference | None = request.reference
    return "" if found is None else span(found.since, found.until)


def span(since: datetime | None, until: datetime | None) -> str:
    """Both in UTC, as buckets are; without the time where it is midnight. Empty where there is no bound."""
    if since is None and until is None:
        return ""
    if until is None:
        return f"from {_day(since)}"
    return f"{_day(since)} to {_day(until)}" if since is not None else f"until {_day(until)}"


def _day(at: datetime | None) -> str:
    if at is None:
        return ""
    told = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return told.removesuffix(" 00:00:00")
