"""The form that starts a prediction job."""

import re
from collections.abc import Mapping

from app.core.errors import FieldError, InvalidInput
from app.dashboard.forms import MISFIT, validated, value_of
from app.schemas.jobs.jobs import PredictionJobRequest
from app.services.browsing.choices import parted
from app.services.once import Keyed

ONCE = re.compile(r"[0-9a-f]{32}")
"""What a form has of its own, each time it is shown."""
CHOICES = ("all", "ids", "filter")


def request_of(form: Mapping[str, str]) -> PredictionJobRequest:
    """What the form asks for, as a request of the API; InvalidInput says what is wrong with it."""
    model, version = parted(form.get("choice", ""))
    said: dict[str, object] = {"model": model, "version": version}
    match form.get("records"):
        case "all":
            said["all"] = True
        case "ids":
            said["ids"] = _lines(form, "ids")
        case "filter":
            said |= _filter(form)
        case _:
            fault = FieldError("records", f"choose one of {', '.join(CHOICES)}")
            raise InvalidInput(MISFIT, errors=[fault])
    return validated(PredictionJobRequest, said)


def once_of(form: Mapping[str, str]) -> Keyed | None:
    """What makes two clicks on one form one job."""
    key = form.get("once", "")
    if ONCE.fullmatch(key) is None:
        return None
    return Keyed(key, repr(sorted(form.items())).encode(), lambda: None)


def _filter(form: Mapping[str, str]) -> dict[str, object]:
    times = {name: form[name].strip() for name in ("since", "until") if form.get(name, "").strip()}
    where = dict(_condition(line) for line in form.get("where", "").splitlines() if line.strip())
    if not times and not where:
        right = "name a field and its value, as in carrier=UA, or a time"
        raise InvalidInput(MISFIT, errors=[FieldError("where", right)])
    return {**times, "where": where or None}


def _condition(line: str) -> tuple[str, object]:
    field, is_there, value = line.partition("=")
    if not is_there:
        right = f"must be field=value, one to a line, not {line.strip()[:100]!r}"
        raise InvalidInput(MISFIT, errors=[FieldError("where", right)])
    return field.strip(), value_of(value.strip())


def _lines(form: Mapping[str, str], field: str) -> list[str]:
    """Ids have no line feeds, and may have blanks at their ends."""
    if lines := [line for line in re.split(r"\r?\n", form.get(field, "")) if line.strip()]:
        return lines
    raise InvalidInput(MISFIT, errors=[FieldError(field, "type at least one id, one to a line")])
