"""An evaluation as the page's form asks for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic import JsonValue, ValidationError

from app.core import strict_json
from app.core.errors import AppError, FieldError, InvalidInput
from app.schemas.evaluations.runs import Bucket, EvaluationRequest
from app.schemas.faults import faults_of
from app.schemas.judged import METRICS
from app.services.once import Keyed
from app.services.use_case import UseCase

DAY = re.compile(r"\d{4}-\d\d-\d\d")
ONCE = re.compile(r"[0-9a-f]{32}")
KINDS = ("quality", "drift", "attribution_drift")
TIMES = ("since", "until", "reference_since", "reference_until")
LONGEST_CONDITIONS = 10_000
"""Characters of the conditions' JSON."""


@dataclass(frozen=True)
class Choices:
    """What the form offers beside free text."""

    kinds: tuple[str, ...]
    buckets: tuple[str, ...]
    metrics: tuple[str, ...]
    named: tuple[str, ...]
    """Of these, the ones that evaluation.py names."""
    slices: tuple[str, ...]
    time_field: str


def choices(use_case: UseCase) -> Choices:
    """The metrics that evaluation.py names come first."""
    metrics = dict.fromkeys([*use_case.metrics, *METRICS[use_case.task]])
    fields = tuple(metrics), use_case.metrics, tuple(use_case.slices), use_case.time_field or ""
    return Choices(KINDS, get_args(Bucket), *fields)


def request_of(form: Mapping[str, str]) -> EvaluationRequest:
    """InvalidInput names each field that does not fit; an empty one is the default."""
    wanted: dict[str, JsonValue] = {
        "kind": form.get("kind", "quality"),
        **{name: form.get(name) or None for name in ("model", "version", "time_field", "bucket")},
        "since": _time(form, "since"),
        "until": _time(form, "until"),
        "where": _where(form),
    }
    if wanted["kind"] == "quality":
        for name in ("metrics", "slices"):
            if form.get(f"{name}_chosen"):
                wanted[name] = _ticked(form, name)
    else:
        wanted["reference"] = {
            "since": _time(form, "reference_since"),
            "until": _time(form, "reference_until"),
        }
    try:
        return EvaluationRequest.model_validate(wanted)
    except ValidationError as error:
        faults = [FieldError(_field(one.field), one.message) for one in faults_of(error)]
        raise InvalidInput("The evaluation does not fit.", errors=faults) from error


def _field(path: str) -> str:
    """The form's field of a request's."""
    return path.replace("reference.", "reference_")


def _time(form: Mapping[str, str], name: str) -> JsonValue:
    """A day is its beginning, UTC."""
    given = form.get(name, "").strip()
    return f"{given}T00:00:00Z" if DAY.fullmatch(given) else given or None


def _ticked(form: Mapping[str, str], name: str) -> list[JsonValue]:
    return [field.partition(".")[2] for field in form if field.startswith(f"{name}.")]


def _where(form: Mapping[str, str]) -> JsonValue:
    if not (given := form.get("where", "").strip()):
        return {}
    try:
        if len(given) > LONGEST_CONDITIONS:
            raise ValueError("too long")
        return strict_json.parse(given)
    except (ValueError, AppError) as error:
        fault = FieldError("where", 'must be a JSON object, such as {"carrier": "UA"}')
        raise InvalidInput("The evaluation does not fit.", errors=[fault]) from error


def keyed(form: Mapping[str, str], request: EvaluationRequest) -> Keyed | None:
    """By the number that the form was shown with: what is sent twice is one run."""
    if ONCE.fullmatch(form.get("once", "")) is None:
        return None
    said = strict_json.canonical(request.model_dump(mode="json")).encode()
    return Keyed(f"dashboard-{form['once']}", said, lambda: None)
